//! Whether an entry works: it is started as its client would start it, and called as its client would call it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use http::HeaderValue;
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, ClientConfig, Implementation};
use rmcp::service::{ClientInitializeError, RoleClient, RunningService};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::greeting::{Greeting, greet};
use super::{Entry, Machine, Scope};

/// The result of a successful attempt.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The server that answered, with its version.
    pub server: String,
    /// How many tools it offers.
    pub tools: usize,
    /// The time from the start until the tools were listed.
    pub took: Duration,
    /// What its connection test reported: the account, or why it failed. `None` if it has no such tool.
    pub account: Option<Result<String, String>>,
    /// Whether that failed because OnceHub does not accept the key.
    pub rejects_key: bool,
}

/// The time within which an entry must list its tools.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// The time within which the connection test must finish after that.
const TEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Tries an entry; a project's entry is started in the project's folder.
///
/// # Errors
/// Why no client could work with it, in words.
pub async fn attempt(entry: &Entry, machine: &Machine, scope: Scope) -> Result<Probe, String> {
    let began = Instant::now();
    let opened = async {
        let service = match entry {
            Entry::Stdio { command, args, env } => by_program(command, args, env, machine, scope).await?,
            Entry::Http { url, headers } => by_address(url, headers).await?,
        };
        let tools = service.list_all_tools().await.map_err(|error| format!("it does not list its tools: {error}"))?;
        Ok((service, tools, began.elapsed()))
    };
    let late = |_| Err(format!("it did not answer within {} s", START_TIMEOUT.as_secs()));
    let (service, tools, took) = timeout(START_TIMEOUT, opened).await.unwrap_or_else(late)?;
    let about = service.peer_info().and_then(|info| info.server_info.clone());
    let server = about.map_or_else(|| "a server".to_owned(), |about| format!("{} {}", about.name, about.version));
    let has_test = tools.iter().any(|tool| tool.name == "test_connection");
    let (account, rejects_key) = if has_test {
        let (account, rejects_key) = test(&service).await;
        (Some(account), rejects_key)
    } else {
        (None, false)
    };
    let _ = service.cancel().await;
    Ok(Probe { server, tools: tools.len(), took, account, rejects_key })
}

type Service = RunningService<RoleClient, ClientConfig>;

async fn by_program(
    program: &str,
    args: &[String],
    env: &[(String, String)],
    machine: &Machine,
    scope: Scope,
) -> Result<Service, String> {
    let folder = match scope {
        Scope::Person => &machine.home,
        Scope::Project => &machine.folder,
    };
    let mut command = Command::new(program);
    // This shell's own settings must not help it: the client will not have them.
    for name in machine.variables.keys().filter(|name| name.starts_with("ONCEHUB_")) {
        command.env_remove(name);
    }
    command.args(args).envs(env.iter().map(|(name, value)| (name, value))).current_dir(folder);
    command.kill_on_drop(true);
    let spawned = TokioChildProcess::builder(command).stderr(Stdio::piped()).spawn();
    let (transport, errors) = spawned.map_err(|error| format!("{program} does not start: {error}"))?;
    let last_line = tokio::spawn(reason(errors));
    match client().serve(transport).await {
        Ok(service) => Ok(service),
        Err(error) => {
            let words = timeout(Duration::from_secs(1), last_line).await.ok().and_then(Result::ok).flatten();
            Err(words.unwrap_or_else(|| format!("it ended without an answer: {}", innermost(error))))
        }
    }
}

async fn by_address(url: &str, headers: &[(String, String)]) -> Result<Service, String> {
    // Ignore: a provider may already be installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    for (name, value) in headers {
        let name = name.parse().map_err(|_| format!("'{name}' is not a header name"))?;
        // What a client substitutes for its own variables cannot be known here.
        let mut value: HeaderValue = value.parse().map_err(|_| format!("the value of {name} cannot be sent"))?;
        value.set_sensitive(true);
        config.custom_headers.insert(name, value);
    }
    let transport = StreamableHttpClientTransport::from_config(config);
    match client().serve(transport).await {
        Ok(service) => Ok(service),
        // The protocol's client does not tell what the server said.
        Err(error) => Err(match greet(url, headers).await {
            Ok(Greeting::Refused { reason, .. }) => format!("{url} refuses: {reason}"),
            Ok(Greeting::Accepted) => format!("{url} does not respond as expected: {}", innermost(error)),
            Err(reason) => reason,
        }),
    }
}

fn client() -> ClientConfig {
    let about = Implementation::new("oncehub-mcp-check", env!("CARGO_PKG_VERSION"));
    ClientConfig::new(rmcp::model::ClientCapabilities::default(), about)
}

/// Returns what its connection test says, on one line, and whether that is that OnceHub does not accept the key.
async fn test(service: &Service) -> (Result<String, String>, bool) {
    let called = timeout(TEST_TIMEOUT, service.call_tool(CallToolRequestParams::new("test_connection"))).await;
    let result = match called {
        Err(_) => return (Err(format!("OnceHub has not answered within {} s", TEST_TIMEOUT.as_secs())), false),
        Ok(Err(error)) => return (Err(error.to_string()), false),
        Ok(Ok(result)) => result,
    };
    let text = result.content.iter().find_map(|block| block.as_text().map(|text| text.text.clone()));
    let first = text.unwrap_or_default().lines().next().unwrap_or_default().to_owned();
    if result.is_error != Some(true) {
        return (Ok(first), false);
    }
    let kind = result.structured_content.as_ref().and_then(|content| content.pointer("/error/type")?.as_str());
    (Err(first), kind == Some("authentication_error"))
}

/// Returns the root cause of an error; the errors around it name our own types.
fn innermost(error: ClientInitializeError) -> String {
    anyhow::Error::new(error).root_cause().to_string()
}

/// Returns why a program ended: the line on its standard error that mentions an error, or else the last one.
async fn reason(errors: Option<impl AsyncRead + Unpin>) -> Option<String> {
    let mut lines = BufReader::new(errors?).lines();
    let (mut error, mut last) = (None, None);
    while let Ok(Some(line)) = lines.next_line().await {
        if error.is_none() && line.to_ascii_lowercase().contains("error") {
            error = Some(line.clone());
        }
        last = Some(line).filter(|line| !line.trim().is_empty()).or(last);
    }
    error.or(last)
}
