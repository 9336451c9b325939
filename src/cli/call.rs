//! `oncehub-mcp call TOOL key=value…`.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use console::{Term, style};
use parking_lot::Mutex;
use rmcp::ServiceExt as _;
use rmcp::model::{CallToolRequestParams, CallToolResult, JsonObject};
use serde_json::map::Entry;
use serde_json::{Value, json};

use super::asking::{Answers, Asking};
use super::tools::find;
use super::{is_yes, print_exact, print_line, prompt, tell};
use crate::app::App;
use crate::apps::Views;
use crate::config::Config;

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The tool's name: see `oncehub-mcp tools`
    #[arg(value_name = "TOOL")]
    tool: Option<String>,
    /// Its arguments: key=value, a JSON object, or - to read one from standard input. After the word 'then' comes another
    /// call
    #[arg(value_name = "KEY=VALUE | JSON")]
    values: Vec<String>,
    /// Print the structured reply as JSON instead of the text
    #[arg(long)]
    json: bool,
    /// Say yes to what is asked before a change: needed where there is no terminal to ask at
    #[arg(long, short)]
    yes: bool,
}

const EXAMPLES: &str = "\
A key given twice makes a list; a dot reaches into an object (select.host=me). After 'then' comes another call on the \
same account: there, key=@field takes a field of the reply before. With --sandbox each command starts with a new account; \
to see effects from one command to the next, see oncehub-mcp sandbox --help.

Exit codes: 0 done, 1 failed, 2 wrong command line, 3 nothing done, as nobody said yes.

Examples:
  oncehub-mcp call list_bookings starts_after=today status=scheduled
  oncehub-mcp call cancel_booking booking_id=nikolai@petrov.example --yes
  oncehub-mcp call plan_changes change=cancel select.host=me \\
      select.starts_after=today select.starts_before=+14d \\
      then carry_out_plan plan=@plan change=@change count=@count";

/// The word between one call and the next.
pub(super) const THEN: &str = "then";

/// The exit code of a call that changed nothing since nobody said yes.
const NOT_AGREED: u8 = 3;

/// Makes the calls through MCP, and prints their replies. Ends with the first that fails or is not agreed to.
pub(super) async fn run(arguments: Arguments, mut config: Config) -> anyhow::Result<ExitCode> {
    let Arguments { tool, values, json, yes } = arguments;
    let tool = tool.context("name a tool: oncehub-mcp call TOOL KEY=VALUE… (oncehub-mcp tools lists them)")?;
    let calls = calls(tool, values)?;
    config.calls.structured |= json || calls.len() > 1;
    if config.views == Views::Auto {
        // Without a view, there is the text.
        config.views = Views::On;
    }
    let app = App::new(config).await?;
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let server = app.server();
    let serving = tokio::spawn(async move { server.serve(theirs).await.map(rmcp::service::RunningService::waiting) });
    let said = Arc::new(Mutex::new(Vec::new()));
    let client = Asking(Person { says_yes: yes, said: Arc::clone(&said) }).serve(ours).await?;
    let (mut before, mut code) = (None, ExitCode::SUCCESS);
    for (tool, given) in calls {
        let schema = Value::Object(JsonObject::clone(&find(&app.catalogue, &tool)?.input_schema));
        let mut request = CallToolRequestParams::new(tool);
        request.arguments = Some(parse_arguments(&given, &schema, before.as_ref())?);
        let result = match client.call_tool(request).await {
            Ok(result) => result,
            Err(rmcp::ServiceError::McpError(error)) => bail!("{}", error.message),
            Err(error) => return Err(error.into()),
        };
        let said = std::mem::take(&mut *said.lock());
        code = show(&result, &said, json)?;
        if code != ExitCode::SUCCESS {
            break;
        }
        before = result.structured_content;
    }
    serving.abort();
    Ok(code)
}

/// Splits what follows a tool's name at the word 'then': each tool, and what is given to it.
///
/// # Errors
/// If nothing follows a 'then'.
pub fn calls(tool: String, values: impl IntoIterator<Item = String>) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut calls = vec![(tool, Vec::new())];
    let mut values = values.into_iter();
    while let Some(value) = values.next() {
        if value == THEN {
            calls.push((values.next().context("name a tool after 'then'")?, Vec::new()));
        } else if let Some((_, given)) = calls.last_mut() {
            given.push(value);
        }
    }
    Ok(calls)
}

/// Prints a reply, and what became of the questions before it. Returns the exit code.
fn show(result: &CallToolResult, said: &[Said], json: bool) -> anyhow::Result<ExitCode> {
    match &result.structured_content {
        Some(structure) if json => print_exact(&serde_json::to_string_pretty(structure)?),
        // Nothing is done before the first question; the reply's own words are for assistants.
        _ if matches!(said, [Said::No | Said::Nothing]) => {}
        _ => print_line(&text_of(result)),
    }
    Ok(match said.last() {
        Some(Said::No) => {
            if said.len() == 1 {
                tell("Nothing was changed: you said no.");
            }
            ExitCode::from(NOT_AGREED)
        }
        Some(Said::Nothing) => {
            tell("Nothing was changed: there is no terminal to ask at.");
            tell("hint: --yes says yes; --confirm never does not ask");
            ExitCode::from(NOT_AGREED)
        }
        _ if result.is_error == Some(true) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

/// Returns the text of a result.
pub(super) fn text_of(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| block.as_text());
    texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// Parses `{…}`, `-`, or `key=value` pairs for a tool with this schema, after a call with this reply. Values stay strings:
/// the server converts them to fit its schema.
///
/// # Errors
/// If they are none of these, or name a field that the reply before does not have.
pub fn parse_arguments(given: &[String], schema: &Value, before: Option<&Value>) -> anyhow::Result<JsonObject> {
    let text = match given {
        [only] if only == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
            text
        }
        [only] if only.trim_start().starts_with('{') => only.clone(),
        pairs => {
            let mut arguments = JsonObject::new();
            for pair in pairs {
                let (key, text) = pair.split_once('=').with_context(|| format!("'{pair}' is not key=value"))?;
                let value = match (before, text.strip_prefix('@')) {
                    (Some(before), Some(field)) => {
                        let found = before.pointer(&format!("/{field}"));
                        found.cloned().with_context(|| format!("{key}: the reply before has no field '{field}'"))?
                    }
                    _ => text.into(),
                };
                insert(&mut arguments, schema, key, value).map_err(|problem| anyhow!("{key} {problem}"))?;
            }
            return Ok(arguments);
        }
    };
    match serde_json::from_str(&text).context("the arguments are not JSON")? {
        Value::Object(arguments) => Ok(arguments),
        _ => bail!("the arguments have to be a JSON object"),
    }
}

/// Adds an argument, which may be inside another, and may be one of several values.
fn insert(arguments: &mut JsonObject, schema: &Value, key: &str, value: Value) -> Result<(), &'static str> {
    let property = |name: &str| schema.get("properties").and_then(|all| all.get(name));
    let is_a = |name: &str, kind: &str| property(name).and_then(|one| one.get("type")).is_some_and(|one| one == kind);
    if let Some((outer, inner)) = key.split_once('.')
        && property(key).is_none()
        && is_a(outer, "object")
    {
        let fields = arguments.entry(outer).or_insert_with(|| json!({}));
        let fields = fields.as_object_mut().ok_or("is inside of what is given whole")?;
        return insert(fields, property(outer).unwrap_or(&Value::Null), inner, value);
    }
    match arguments.entry(key) {
        Entry::Vacant(free) => {
            free.insert(value);
        }
        Entry::Occupied(mut taken) if is_a(key, "array") => match taken.get_mut() {
            Value::Array(values) => values.push(value),
            first => *first = json!([first.take(), value]),
        },
        Entry::Occupied(_) => return Err("is given twice, and takes one value"),
    }
    Ok(())
}

/// What was said to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    /// There was nobody to ask.
    Nothing,
}

/// The person at the terminal, if there is one, who answers questions.
struct Person {
    says_yes: bool,
    said: Arc<Mutex<Vec<Said>>>,
}

impl Person {
    async fn asked(&self, question: String) -> Said {
        if self.says_yes {
            return Said::Yes;
        }
        let term = Term::stderr();
        if !term.is_term() || !std::io::stdin().is_terminal() {
            tell(&question);
            return Said::Nothing;
        }
        tell(&style(question).for_stderr().bold().to_string());
        let mark = format!("{} ", style("[y/N]").for_stderr().dim());
        let answer = prompt::answer(&term, &mark, "Nothing was changed by this call.").await.unwrap_or_default();
        if is_yes(&answer) { Said::Yes } else { Said::No }
    }
}

impl Answers for Person {
    const CLIENT: &str = "oncehub-mcp call";

    async fn agrees(&self, question: String) -> bool {
        let said = self.asked(question).await;
        self.said.lock().push(said);
        said == Said::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(given: &[&str], before: Option<&Value>) -> anyhow::Result<Value> {
        let schema = json!({"properties": {
            "a": {"type": "string"},
            "status": {"type": "array"},
            "select": {"type": "object", "properties": {"host": {"type": "string"}}},
        }});
        parse_arguments(&given.iter().map(ToString::to_string).collect::<Vec<_>>(), &schema, before).map(Value::from)
    }

    #[test]
    fn arguments_are_pairs_or_one_object() {
        assert_eq!(parsed(&["a=1", "b=x=y", "c="], None).unwrap(), json!({"a": "1", "b": "x=y", "c": ""}));
        assert_eq!(parsed(&[" {\"a\": [1]}"], None).unwrap(), json!({"a": [1]}));
        assert_eq!(parsed(&[], None).unwrap(), json!({}));
        for wrong in [&["a"][..], &["{"], &["[1]"], &["a=1", "{}"]] {
            assert!(parsed(wrong, None).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_key_that_is_given_twice_makes_a_list_where_one_is_taken() {
        let list = parsed(&["status=x", "a=1", "status=y", "status=z"], None).unwrap();
        assert_eq!(list, json!({"status": ["x", "y", "z"], "a": "1"}));
        for (twice, key) in
            [(["a=1", "a=2"], "a"), (["no=1", "no=2"], "no"), (["select.host=x", "select.host=y"], "select.host")]
        {
            let problem = parsed(&twice, None).unwrap_err().to_string();
            assert_eq!(problem, format!("{key} is given twice, and takes one value"));
        }
    }

    #[test]
    fn a_dot_reaches_into_an_object_only() {
        let inside = parsed(&["select.host=me", "select.from=today", "a.b=c"], None).unwrap();
        assert_eq!(inside, json!({"select": {"host": "me", "from": "today"}, "a.b": "c"}));
        assert!(parsed(&["select=all", "select.host=me"], None).is_err());
    }

    #[test]
    fn a_later_call_takes_fields_of_the_reply_before() {
        let before = json!({"plan": "PLAN-1", "count": 2, "items": [{"id": "BKNG-1"}]});
        let taken = parsed(&["plan=@plan", "count=@count", "id=@items/0/id", "at=a@b"], Some(&before)).unwrap();
        assert_eq!(taken, json!({"plan": "PLAN-1", "count": 2, "id": "BKNG-1", "at": "a@b"}));
        assert_eq!(parsed(&["a=@plan"], None).unwrap(), json!({"a": "@plan"}));
        let problem = parsed(&["a=@no"], Some(&before)).unwrap_err().to_string();
        assert_eq!(problem, "a: the reply before has no field 'no'");
    }
}
