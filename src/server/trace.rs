//! The trace that a call belongs to, as its client reports it.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use rmcp::model::RequestMetaObject;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes `span` part of the trace that `traceparent` and `tracestate` in a request's `_meta` name (SEP-414), if any.
pub(super) fn follow(span: &Span, meta: &RequestMetaObject) {
    if meta.contains_key("traceparent") {
        let text = |name: &str| Some((name.to_owned(), meta.get(name)?.as_str()?.to_owned()));
        let told: HashMap<_, _> = ["traceparent", "tracestate"].into_iter().filter_map(text).collect();
        let context = TraceContextPropagator::new().extract(&told);
        // An invalid trace context is ignored: a call does not fail because of it.
        if context.span().span_context().is_valid() {
            let _ = span.set_parent(context);
        }
    }
}
