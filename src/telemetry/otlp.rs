//! Span export: OpenTelemetry over OTLP (protobuf over HTTP), if `OTEL_EXPORTER_OTLP_ENDPOINT` names an endpoint. It
//! exports what the log says about a call and its requests: tool, outcome, time, ids, never arguments.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
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

/// The variables that name the endpoint, as OpenTelemetry defines them.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// The timeout for the last spans when the process ends.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// An exporter of spans, until it is ended.
#[must_use = "the last spans are lost unless it is ended"]
#[derive(Debug)]
pub struct Exporter {
    provider: SdkTracerProvider,
}

impl Exporter {
    /// Creates an exporter, if the environment configures one. It sends on the current runtime.
    pub(super) fn from_environment() -> anyhow::Result<Option<Self>> {
        let is_set = |name: &&str| std::env::var(name).is_ok_and(|url| !url.trim().is_empty());
        if !ENDPOINTS.iter().any(is_set) {
            return Ok(None);
        }
        let bad =
            |error: &dyn std::fmt::Display| anyhow!("OTEL_EXPORTER_OTLP_ENDPOINT: spans cannot be exported: {error}");
        // Ignore: a provider may already be installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().map_err(|error| bad(&error))?;
        let client = OnRuntime {
            runtime: Handle::try_current().map_err(|error| bad(&error))?,
            http,
            is_failing: AtomicBool::new(false),
        };
        let exporter =
            SpanExporter::builder().with_http().with_http_client(client).build().map_err(|error| bad(&error))?;
        // OTEL_SERVICE_NAME takes precedence over our name, which takes precedence over OTEL_RESOURCE_ATTRIBUTES.
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("oncehub-mcp");
        }
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
        Ok(Some(Self { provider }))
    }

    /// Returns the layer that turns tracing's spans into OpenTelemetry's.
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

    /// Sends the remaining spans.
    pub async fn end(self) {
        // The shutdown blocks while the runtime sends.
        let ended = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(LAST_SPANS)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// An HTTP client that sends on our runtime: the SDK exports from a thread of its own, which has none.
#[derive(Debug)]
struct OnRuntime {
    runtime: Handle,
    http: reqwest::Client,
    /// Whether the last spans were not taken: a line says so once.
    is_failing: AtomicBool,
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
        let answer = sent.await?;
        let problem = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(if error.is_connect() { "no connection" } else { "no answer" }.to_owned()),
        };
        match (self.is_failing.swap(problem.is_some(), Ordering::Relaxed), problem) {
            (false, Some(problem)) => {
                tracing::warn!(problem, "spans are not exported: the collector does not take them");
            }
            (true, None) => tracing::info!("spans are exported again"),
            _ => {}
        }
        Ok(answer?)
    }
}
