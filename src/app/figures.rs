//! The server's metrics, in Prometheus' format.

use std::time::Duration;

use anyhow::Context as _;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::task::AbortOnDropHandle;

/// How often recorded durations are sorted into buckets. Until then each one takes memory, whether or not anybody reads
/// the metrics.
const UPKEEP: Duration = Duration::from_secs(5);

/// The upper bounds of the buckets of all durations, in seconds.
const BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0];

/// The metrics of this process.
pub(super) struct Figures {
    handle: PrometheusHandle,
    _upkeep: AbortOnDropHandle<()>,
}

impl Figures {
    /// Starts collecting.
    ///
    /// # Errors
    /// If another server in this process already collects them.
    pub(super) fn collect() -> anyhow::Result<Self> {
        let duration = Matcher::Suffix("_duration_seconds".into());
        let recorder = PrometheusBuilder::new().set_buckets_for_metric(duration, BUCKETS)?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).context("figures are collected already")?;
        describe();
        let kept_up = handle.clone();
        let upkeep = async move {
            let mut every = tokio::time::interval(UPKEEP);
            loop {
                every.tick().await;
                kept_up.run_upkeep();
            }
        };
        Ok(Self { handle, _upkeep: AbortOnDropHandle::new(tokio::spawn(upkeep)) })
    }

    /// Renders all metrics, as they are now.
    pub(super) fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }
}

fn describe() {
    describe_counter!("mcp_tool_calls_total", "Calls of tools, by how they ended.");
    describe_histogram!("mcp_tool_call_duration_seconds", "From a call to its answer, waiting and questions included.");
    describe_gauge!("mcp_requests_in_flight", "Requests that are worked on.");
    describe_gauge!("mcp_sessions", "Open sessions.");
    describe_counter!("http_requests_refused_total", "Requests that were turned away at the door.");
    describe_counter!(
        "oncehub_requests_total",
        "Requests to OnceHub, by the status of the reply or what came instead."
    );
    describe_histogram!("oncehub_request_duration_seconds", "How long OnceHub took to reply.");
    describe_counter!("oncehub_retries_total", "Requests to OnceHub that were sent again.");
    describe_gauge!("oncehub_budget_left", "Requests that OnceHub's limit for this address has left in its window.");
}
