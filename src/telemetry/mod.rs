//! Logs, written to standard error, since standard output belongs to the protocol. They never contain keys nor, above
//! debug level, guests' data.

mod otlp;

use std::io::{self, Write};

use anyhow::{anyhow, bail};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::oncehub::Key;
pub use otlp::Exporter;

/// Starts logging. `filter` is a level such as `info`, or `target=level,…`; without one `RUST_LOG` applies, then
/// `info`.
///
/// Must be called within a runtime. If the environment configures the export of spans, returns their exporter.
///
/// # Errors
/// A filter or format that cannot be parsed; an exporter that cannot be created.
pub fn start(filter: Option<&str>, form: &str, key: &Key) -> anyhow::Result<Option<Exporter>> {
    let from_environment = std::env::var("RUST_LOG").ok();
    let text = filter.or(from_environment.as_deref()).map(str::trim).filter(|text| !text.is_empty()).unwrap_or("info");
    let asked: Targets = text.parse().map_err(|error| anyhow!("ONCEHUB_MCP_LOG: '{text}' is not a filter: {error}"))?;
    let key = key.clone();
    let writer = move || RedactingWriter { key: key.clone() };
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let lines = match form.trim() {
        "text" | "" => lines.boxed(),
        "json" => lines.json().flatten_event(true).with_span_list(false).boxed(),
        _ => bail!("ONCEHUB_MCP_LOG_FORMAT: '{form}' is neither text nor json"),
    };
    let exporter = Exporter::from_environment()?;
    // Only our own spans: those of other crates may contain anything.
    let ours = Targets::new().with_target("oncehub_mcp", LevelFilter::DEBUG);
    let spans = exporter.as_ref().map(|exporter| exporter.layer().with_filter(ours));
    // A second start, in tests, keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(spans).with(lines.with_filter(capped(&asked))).try_init();
    Ok(exporter)
}

/// Caps rmcp at info: below that it logs whole messages, and so guests' data. Its info lines name sessions and report
/// each request three times, so they need a filter that names rmcp.
fn capped(asked: &Targets) -> Targets {
    let default = asked.default_level().unwrap_or(LevelFilter::OFF);
    let cap = |target: &str, level: LevelFilter| {
        if target.starts_with("rmcp") { level.min(LevelFilter::INFO) } else { level }
    };
    let capped: Vec<(String, LevelFilter)> =
        asked.iter().map(|(target, level)| (target.to_owned(), cap(target, level))).collect();
    let named = capped.iter().any(|(target, _)| target == "rmcp");
    let rmcp = (!named).then(|| ("rmcp".to_owned(), default.min(LevelFilter::WARN)));
    Targets::new().with_default(default).with_targets(capped.into_iter().chain(rmcp))
}

/// The last line of defence: removes the key from every log line, whichever crate wrote it.
struct RedactingWriter {
    key: Key,
}

impl Write for RedactingWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let scrubbed = std::str::from_utf8(line).ok().and_then(|line| self.key.scrub(line));
        io::stderr().write_all(scrubbed.as_ref().map_or(line, String::as_bytes))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rmcp_never_logs_messages_whatever_is_asked_for() {
        for asked in ["trace", "rmcp=trace", "info,rmcp::service=debug,rmcp=debug"] {
            let filter = capped(&asked.parse().unwrap());
            assert!(!filter.would_enable("rmcp::service", &tracing::Level::DEBUG), "{asked}");
        }
        assert!(capped(&"trace".parse().unwrap()).would_enable("oncehub_mcp", &tracing::Level::TRACE));
        assert!(!capped(&"warn".parse().unwrap()).would_enable("rmcp", &tracing::Level::INFO));
    }
}
