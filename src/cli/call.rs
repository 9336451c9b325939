//! `oncehub-mcp call TOOL key=value…`.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use console::{Term, style};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
    ElicitationAction, Implementation, JsonObject,
};
use rmcp::service::RequestContext;
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt};
use serde_json::{Value, json};

use super::{is_yes, print_line};
use crate::app::App;
use crate::config::Config;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The tool's name: see `oncehub-mcp tools`
    tool: String,
    /// Its arguments: key=value, a JSON object, or - to read a JSON object from standard input
    #[arg(value_name = "KEY=VALUE | JSON")]
    values: Vec<String>,
    /// Print the structured reply as JSON instead of the text
    #[arg(long)]
    json: bool,
}

/// Calls the tool through MCP, and prints its reply. Exits with 1 if the call failed.
pub(super) async fn run(arguments: Arguments, mut config: Config) -> anyhow::Result<ExitCode> {
    config.calls.structured |= arguments.json;
    let app = App::new(config).await?;
    let mut request = CallToolRequestParams::new(arguments.tool.clone());
    request.arguments = Some(parse(&arguments.values)?);
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let server = app.server();
    let serving = tokio::spawn(async move { server.serve(theirs).await.map(rmcp::service::RunningService::waiting) });
    let client = Person { term: Term::stderr() }.serve(ours).await?;
    let result = client.call_tool(request).await;
    serving.abort();
    let result = match result {
        Ok(result) => result,
        Err(rmcp::ServiceError::McpError(error)) => bail!("{}", error.message),
        Err(error) => return Err(error.into()),
    };
    match &result.structured_content {
        Some(structure) if arguments.json => print_line(&serde_json::to_string_pretty(structure)?),
        _ => print_line(&text_of(&result)),
    }
    Ok(if result.is_error == Some(true) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns the text of a result.
pub(super) fn text_of(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| block.as_text());
    texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// Parses `{…}`, `-`, or `key=value` pairs. Values stay strings: the server converts them to fit its schema.
fn parse(arguments: &[String]) -> anyhow::Result<JsonObject> {
    let text = match arguments {
        [only] if only == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
            text
        }
        [only] if only.trim_start().starts_with('{') => only.clone(),
        pairs => {
            let pairs = pairs.iter().map(|pair| {
                let (key, value) = pair.split_once('=').with_context(|| format!("'{pair}' is not key=value"))?;
                Ok((key.to_owned(), value.into()))
            });
            return pairs.collect();
        }
    };
    match serde_json::from_str(&text).context("the arguments are not JSON")? {
        Value::Object(arguments) => Ok(arguments),
        _ => bail!("the arguments have to be a JSON object"),
    }
}

/// The person at the terminal, if there is one, who answers questions.
struct Person {
    term: Term,
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        if self.term.is_term() {
            capabilities = ClientCapabilities::builder().enable_elicitation().build();
        }
        ClientConfig::new(capabilities, Implementation::new("oncehub-mcp call", env!("CARGO_PKG_VERSION")))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else {
            return Ok(ElicitResult::new(ElicitationAction::Cancel));
        };
        let term = self.term.clone();
        let ask = move || {
            term.write_str(&format!("{} {} ", style(message).bold(), style("[y/N]").dim()))?;
            term.read_line()
        };
        let answer = tokio::task::spawn_blocking(ask).await.ok().and_then(Result::ok).unwrap_or_default();
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({ "confirm": is_yes(&answer) })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_pairs_or_one_object() {
        let parse = |arguments: &[&str]| parse(&arguments.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(Value::from(parse(&["a=1", "b=x=y", "c="]).unwrap()), json!({"a": "1", "b": "x=y", "c": ""}));
        assert_eq!(Value::from(parse(&[" {\"a\": [1]}"]).unwrap()), json!({"a": [1]}));
        assert!(parse(&[]).unwrap().is_empty());
        for wrong in [&["a"][..], &["{"], &["[1]"], &["a=1", "{}"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
