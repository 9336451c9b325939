//! The trace that a call belongs to, as its client reports it.

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use rmcp::model::RequestMetaObject;
use serde_json::Value;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes `span` part of the trace that `traceparent` and `tracestate` in a request's `_meta` name (SEP-414), if any.
pub(super) fn follow(span: &Span, meta: &RequestMetaObject) {
    if meta.contains_key("traceparent") {
        let context = TraceContextPropagator::new().extract(&Carrier(meta));
        // An invalid trace context is ignored: a call does not fail because of it.
        if context.span().span_context().is_valid() {
            let _ = span.set_parent(context);
        }
    }
}

struct Carrier<'a>(&'a RequestMetaObject);

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}
