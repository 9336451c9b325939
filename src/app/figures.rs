//! The server's metrics, in Prometheus' format.

use std::time::Duration;

use anyhow::Context as _;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use rmcp::model::Tool;
use tokio_util::task::AbortOnDropHandle;

use crate::transport::http::REASONS;

/// How often recorded durations are sorted into buckets. Until then each one takes memory, whether or not anybody reads
/// the metrics.
const UPKEEP: Duration = Duration::from_secs(5);

/// The upper bounds of the buckets of all durations, in seconds.
const BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 300.0];

/// The metrics of this process.
pub(super) struct Figures {
    handle: PrometheusHandle,
    process: metrics_process::Collector,
    _upkeep: AbortOnDropHandle<()>,
}

impl Figures {
    /// Starts collecting.
    ///
    /// # Errors
    /// If another server in this process already collects them.
    pub(super) fn collect(tools: &[Tool]) -> anyhow::Result<Self> {
        let duration = Matcher::Suffix("_duration_seconds".into());
        let recorder = PrometheusBuilder::new().set_buckets_for_metric(duration, BUCKETS)?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).context("metrics are already collected")?;
        describe();
        begin(tools);
        let process = metrics_process::Collector::default();
        process.describe();
        let kept_up = handle.clone();
        let upkeep = async move {
            let mut every = tokio::time::interval(UPKEEP);
            loop {
                every.tick().await;
                kept_up.run_upkeep();
            }
        };
        Ok(Self { handle, process, _upkeep: AbortOnDropHandle::new(tokio::spawn(upkeep)) })
    }

    /// Renders all metrics, as they are now.
    pub(super) fn render(&self) -> String {
        self.process.collect();
        self.handle.run_upkeep();
        self.handle.render()
    }
}

fn describe() {
    describe_counter!("mcp_tool_calls_total", "Tool calls, by outcome and type of error.");
    describe_histogram!("mcp_tool_call_duration_seconds", "Duration of tool calls, without the time that people took.");
    describe_histogram!("mcp_question_duration_seconds", "How long people took to answer a question before a change.");
    describe_gauge!("mcp_requests_in_flight", "Requests in flight.");
    describe_gauge!("mcp_sessions", "Open sessions.");
    describe_counter!("http_requests_total", "HTTP requests, by path and status.");
    describe_counter!("http_requests_refused_total", "Requests rejected before they reached MCP.");
    describe_counter!("oncehub_requests_total", "Requests to OnceHub, by status or kind of failure.");
    describe_histogram!(
        "oncehub_request_duration_seconds",
        "Duration of requests to OnceHub, by endpoint, also of those without a response."
    );
    describe_gauge!("oncehub_up", "Whether OnceHub serves requests: 0 after three failures in a row.");
    describe_counter!("oncehub_retries_total", "Retried requests to OnceHub.");
    describe_gauge!("oncehub_mcp_build_info", "The version of this server.");
    describe_gauge!("tls_certificate_expiry_timestamp_seconds", "When the server's own certificate expires.");
    describe_gauge!("oncehub_store_up", "Whether the store that servers share can be used.");
    describe_gauge!("oncehub_store_servers", "Servers that share the store and were alive of late.");
    describe_histogram!("oncehub_store_duration_seconds", "Duration of round trips to the store, by operation.");
    describe_counter!("oncehub_store_failures_total", "Failed round trips to the store, by operation.");
    describe_gauge!("oncehub_budget_left", "Requests left in each window of OnceHub's limit for this address.");
}

/// What requests to OnceHub come back with. An alert on an increase would not see the first event of a counter that began
/// with it.
const STATUSES: [&str; 15] = [
    "200", "400", "401", "403", "404", "409", "422", "429", "500", "502", "503", "504", "unreachable", "lost",
    "timeout",
];

/// Begins what is counted from zero, and says what does not change.
fn begin(tools: &[Tool]) {
    for tool in tools {
        let tool = tool.name.to_string();
        counter!("mcp_tool_calls_total", "tool" => tool, "outcome" => "failed", "error_type" => "internal_error")
            .absolute(0);
    }
    gauge!("oncehub_mcp_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    gauge!("oncehub_up").set(1.0);
    for status in STATUSES {
        counter!("oncehub_requests_total", "status" => status).absolute(0);
    }
    for reason in REASONS {
        counter!("http_requests_refused_total", "reason" => *reason).absolute(0);
    }
    counter!("oncehub_retries_total").absolute(0);
}
