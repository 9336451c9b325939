//! Logs, written to standard error, since standard output belongs to the protocol. They never contain keys nor, above
//! debug level, guests' data.

mod otlp;

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, reload};

use crate::oncehub::Key;
pub use otlp::Exporter;

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Form {
    /// For people.
    Text,
    /// For programs: an object a line.
    Json,
}

/// Starts logging what [`targets`] has read.
///
/// Must be called within a runtime. Returns the filter, and the exporter of spans if the environment configures one.
///
/// # Errors
/// An exporter that cannot be created.
pub fn start(targets: Targets, form: Form, key: &Key) -> anyhow::Result<(Filter, Option<Exporter>)> {
    let (asked, filtered) = reload::Layer::new(targets);
    let key = key.clone();
    let writer = move || RedactingWriter { key: key.clone() };
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let lines = match form {
        Form::Text => lines.boxed(),
        Form::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let exporter = Exporter::from_environment()?;
    // Only our own spans: those of other crates may contain anything.
    let ours = Targets::new().with_target("oncehub_mcp", LevelFilter::DEBUG);
    let spans = exporter.as_ref().map(|exporter| exporter.layer().with_filter(ours));
    // A second start, in tests, keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(spans).with(lines.with_filter(asked)).try_init();
    Ok((Filter(Arc::new(move |targets| Ok(filtered.reload(targets)?))), exporter))
}

/// What is logged, which can be changed while the process runs.
#[derive(Clone)]
pub struct Filter(Arc<dyn Fn(Targets) -> anyhow::Result<()> + Send + Sync>);

impl Filter {
    /// Changes what is logged from now on, as [`targets`] reads it; `name` is that of the setting.
    ///
    /// # Errors
    /// A filter that cannot be parsed: then the old one stays.
    pub fn set(&self, name: &str, filter: Option<&str>) -> anyhow::Result<()> {
        (self.0)(targets(name, filter)?)
    }
}

/// Reads a filter: a level such as `info`, or `target=level,…`; without one `RUST_LOG` applies, then `info`. `name` is that
/// of the setting.
///
/// # Errors
/// A filter that cannot be parsed.
pub fn targets(name: &str, filter: Option<&str>) -> anyhow::Result<Targets> {
    let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(text) = filter.and_then(filled) {
        // To the parser any other word is the name of a module, and silences everything else.
        let is_level = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
        if let Some(word) = text.split(',').map(str::trim).find(|part| !part.is_empty() && !is_level(part)) {
            bail!("{name}: '{word}' is not a level: write error, warn, info, debug, trace or off, or target=level,…");
        }
        let asked: Result<Targets, _> = text.parse();
        return Ok(capped(&asked.map_err(|error| anyhow!("{name}: '{text}' is not a filter: {error}"))?));
    }
    let text = std::env::var("RUST_LOG").ok().as_deref().and_then(filled).unwrap_or_else(|| "info".into());
    Ok(capped(&text.parse().map_err(|error| anyhow!("RUST_LOG: '{text}' is not a filter: {error}"))?))
}

/// Caps rmcp at info: below that it logs whole messages, and so guests' data. Its info lines name sessions and report
/// each request three times, so they need a filter that names rmcp. Its warnings about calls repeat what our own lines
/// say, and quote what clients sent, which may be a key: only its errors are left.
fn capped(asked: &Targets) -> Targets {
    // Who raises one module does not mean to lose all others.
    let default = asked.default_level().unwrap_or(LevelFilter::INFO);
    let most = |target: &str| match target {
        _ if target.starts_with(RMCP_CALLS) => LevelFilter::ERROR,
        _ if target.starts_with("rmcp") => LevelFilter::INFO,
        _ => LevelFilter::TRACE,
    };
    let capped: Vec<(String, LevelFilter)> =
        asked.iter().map(|(target, level)| (target.to_owned(), level.min(most(target)))).collect();
    let level = |name: &str| capped.iter().find(|(target, _)| target == name).map(|(_, level)| *level);
    let rmcp = level("rmcp").unwrap_or(default.min(LevelFilter::WARN));
    // A client that leaves is an error to rmcp.
    let calls = level("rmcp").map_or(LevelFilter::OFF, |named| named.min(LevelFilter::ERROR));
    let calls = level(RMCP_CALLS).unwrap_or(calls);
    let fixed = [("rmcp", rmcp), (RMCP_CALLS, calls), (EXPORTED, LevelFilter::OFF)];
    let fixed = fixed.map(|(target, level)| (target.to_owned(), level));
    Targets::new().with_default(default).with_targets(capped.into_iter().chain(fixed))
}

/// The target of spans that are exported and not logged: they would hide the call's, which has the request's id.
const EXPORTED: &str = "oncehub_mcp::exported";

/// The module in which rmcp serves calls.
const RMCP_CALLS: &str = "rmcp::service";

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

    #[test]
    fn what_a_client_sent_is_not_in_rmcps_lines() {
        for asked in ["info", "trace", "rmcp=trace", "warn,rmcp::service=warn"] {
            let filter = capped(&asked.parse().unwrap());
            assert!(!filter.would_enable("rmcp::service", &tracing::Level::WARN), "{asked}");
            assert!(!filter.would_enable("rmcp::service::server", &tracing::Level::WARN), "{asked}");
        }
    }

    #[test]
    fn who_names_one_module_keeps_the_others() {
        for asked in ["oncehub_mcp::oncehub=debug", "my_app=debug", "inof"] {
            let filter = capped(&asked.parse().unwrap());
            assert!(filter.would_enable("oncehub_mcp::cli", &tracing::Level::INFO), "{asked}");
        }
        assert!(!capped(&"off,my_app=debug".parse().unwrap()).would_enable("oncehub_mcp::cli", &tracing::Level::ERROR));
    }

    #[test]
    fn a_word_that_is_no_level_is_refused_by_its_name() {
        for (text, word) in [("inof", "inof"), ("warning", "warning"), ("info, verbose", "verbose")] {
            let error = targets("--log", Some(text)).unwrap_err().to_string();
            assert!(error.contains(&format!("'{word}' is not a level")), "{error}");
        }
        for text in ["info", "WARN", "off", "warn,rmcp=off", "oncehub_mcp=debug", "3", " info "] {
            assert!(targets("--log", Some(text)).is_ok(), "{text}");
        }
        assert!(targets("--log", Some("oncehub_mcp=inof")).is_err());
    }
}
