//! Spans for those who collect them: OpenTelemetry over OTLP (protobuf over HTTP), when `OTEL_EXPORTER_OTLP_ENDPOINT` says
//! where to. What it exports is what the log says of a call and of its requests: tool, outcome, time, ids, never arguments.

use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};
use hyper::body::Bytes;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

/// Where to, in OpenTelemetry's own words.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// How long the last spans may take when the process ends.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// What exports spans until it is ended.
#[derive(Debug)]
pub(super) struct Exporter {
    provider: SdkTracerProvider,
}

impl Exporter {
    /// An exporter, if the environment asks for one. It sends with the runtime that this is called in.
    pub(super) fn from_environment() -> Result<Option<Self>, String> {
        let is_set = |name: &&str| std::env::var(name).is_ok_and(|url| !url.trim().is_empty());
        if !ENDPOINTS.iter().any(is_set) {
            return Ok(None);
        }
        let bad =
            |error: &dyn std::fmt::Display| format!("OTEL_EXPORTER_OTLP_ENDPOINT: spans cannot be exported: {error}");
        // Whoever was first has set the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().map_err(|error| bad(&error))?;
        let client = OnRuntime { runtime: Handle::try_current().map_err(|error| bad(&error))?, http };
        let exporter =
            SpanExporter::builder().with_http().with_http_client(client).build().map_err(|error| bad(&error))?;
        // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come first.
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("oncehub-mcp");
        }
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
        Ok(Some(Self { provider }))
    }

    /// What makes spans out of tracing's.
    pub(super) fn layer<S>(&self) -> OpenTelemetryLayer<S, SdkTracer>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("oncehub-mcp"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
    }

    /// Sends what is left.
    pub(super) async fn end(self) {
        // It blocks while the runtime sends.
        let ended = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(LAST_SPANS)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// The SDK exports from a thread of its own, which has no runtime; our client needs one.
#[derive(Debug)]
struct OnRuntime {
    runtime: Handle,
    http: reqwest::Client,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let response = http.execute(request.try_into()?).await?;
            let (status, body) = (response.status(), response.bytes().await?);
            let mut answer = Response::new(body);
            *answer.status_mut() = status;
            Ok::<_, reqwest::Error>(answer)
        });
        Ok(sent.await??)
    }
}
