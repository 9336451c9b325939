//! The rules of those who import tools, as far as they are known: each as a function from a tool to its problems.

use std::collections::BTreeSet;

use rmcp::model::Tool;
use serde_json::{Map, Value, json};

use crate::tools::tests::{each, everything};
use crate::tools::{Catalogue, Schemas, Selection};

/// What Claude Code and others put before a tool's name.
const PREFIX: &str = "mcp__oncehub__";

type Rule = fn(&Tool) -> Vec<String>;

fn input(tool: &Tool) -> Value {
    Value::Object(tool.input_schema.as_ref().clone())
}

fn output(tool: &Tool) -> Value {
    tool.output_schema.as_deref().map_or(json!({"type": "object", "properties": {}}), |schema| schema.clone().into())
}

/// What `problem` finds in a schema, at any depth.
fn found(tool: &Tool, schema: &Value, problem: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    let mut problems = Vec::new();
    each(&tool.name, schema, &mut |at, inner| {
        problems.extend(problem(inner).map(|problem| format!("{at}: {problem}")));
    });
    problems
}

fn names(schema: &Value) -> BTreeSet<&str> {
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

fn required(schema: &Value) -> BTreeSet<&str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// OpenAI without strict mode, and ChatGPT's importer: an object has `properties` (kagent#1888, Chili Piper CEH-11500;
/// not null, bifrost#1720), a list has `items` ("array schema missing items"), the root is an object without
/// combinators.
fn openai(tool: &Tool) -> Vec<String> {
    let schema = input(tool);
    let mut problems = found(tool, &schema, |schema| match schema["type"].as_str() {
        Some("object") if !schema["properties"].is_object() => Some("an object without properties".into()),
        Some("array") if !schema["items"].is_object() => Some("a list without items".into()),
        Some(_) if !required(schema).is_subset(&names(schema)) => Some("requires what is not there".into()),
        Some(_) => None,
        None => Some("no type".into()),
    });
    let combined = ["anyOf", "oneOf", "allOf", "not", "enum"].iter().any(|word| schema.get(word).is_some());
    problems.extend((schema["type"] != "object" || combined).then(|| format!("{}: no plain object", tool.name)));
    problems
}

/// OpenAI with strict mode (its guide to structured outputs): no other properties, all of them required, five levels at
/// most; and no defaults, which Azure still rejects (dotnet/extensions#6196, openai-agents-python#4390).
fn openai_strict(tool: &Tool) -> Vec<String> {
    fn depth(schema: &Value) -> usize {
        let inner = schema["properties"].as_object().into_iter().flatten().map(|(_, inner)| inner);
        let deepest = inner.chain(schema.get("items")).map(depth).max().unwrap_or_default();
        deepest + usize::from(schema["type"] == "object")
    }
    let schema = input(tool);
    let mut problems = found(tool, &schema, |schema| {
        if schema.get("default").is_some() {
            return Some("a default".into());
        }
        if schema["type"] != "object" {
            return None;
        }
        if schema["additionalProperties"] != false {
            return Some("takes other properties".into());
        }
        (required(schema) != names(schema)).then(|| "an optional property".into())
    });
    problems.extend((depth(&schema) > 5).then(|| format!("{}: too deep", tool.name)));
    problems
}

/// What importers with strict mode make of a schema first (`ensure_strict_json_schema` of the OpenAI SDKs): all
/// properties become required, and no others are allowed, except where the schema allows them itself.
fn made_strict(schema: &mut Value) {
    let names: Vec<String> = names(schema).into_iter().map(str::to_owned).collect();
    let Value::Object(fields) = schema else { return };
    if fields.get("type") == Some(&json!("object")) {
        fields.entry("additionalProperties").or_insert(false.into());
        fields.insert("required".into(), names.into());
    }
    for inner in fields.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        made_strict(inner);
    }
    fields.get_mut("items").into_iter().for_each(made_strict);
}

/// The first interface of Gemini, which SDKs still forward schemas to (the fields of
/// `google.ai.generativelanguage.Schema`; cuplivo#506, isanagent#110, nakama#292, opencode#14234): these keywords only,
/// one type each, and neither objects nor lists of unknown content ("should be non-empty for OBJECT type", agno#2112). A
/// tool without arguments is forwarded without a schema (agno#2113).
fn gemini_schema(tool: &Tool, schema: &Value) -> Vec<String> {
    const KEYWORDS: [&str; 6] = ["type", "description", "enum", "items", "properties", "required"];
    let types = ["string", "integer", "number", "boolean", "array", "object"];
    let mut problems = found(tool, schema, |schema| {
        let unknown = schema.as_object()?.keys().find(|keyword| !KEYWORDS.contains(&keyword.as_str()));
        if let Some(keyword) = unknown {
            return Some(format!("the keyword {keyword}"));
        }
        let choices = schema["enum"].as_array().into_iter().flatten();
        let kind = schema["type"].as_str().unwrap_or_default();
        match kind {
            _ if !types.contains(&kind) => Some("not one type".into()),
            _ if choices.clone().any(|choice| choice.as_str().is_none_or(str::is_empty)) => Some("a choice".into()),
            _ if choices.count() > 0 && kind != "string" => Some("choices that are no texts".into()),
            "array" if !schema["items"].is_object() => Some("a list without items".into()),
            "object" if !required(schema).is_subset(&names(schema)) => Some("requires what is not there".into()),
            "object" if names(schema).is_empty() => Some("an object without properties".into()),
            _ => None,
        }
    });
    let whole = format!("{}: an object without properties", tool.name);
    problems.retain(|problem| *problem != whole);
    problems
}

fn gemini(tool: &Tool) -> Vec<String> {
    [gemini_schema(tool, &input(tool)), gemini_schema(tool, &output(tool))].concat()
}

/// Amazon Bedrock (`ToolSpecification`: a name of 64 letters, digits, `_` and `-`; a description that is not empty,
/// opencode#48582; a root of type object, Kiro#10270), and Anthropic's models there: properties of 64 letters, digits,
/// `_`, `.` and `-`.
fn bedrock(tool: &Tool) -> Vec<String> {
    let fits = |name: &str, more: &str| {
        let is_known = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c) || more.contains(c);
        (1..=64).contains(&name.len()) && name.chars().all(is_known)
    };
    let schema = input(tool);
    let mut problems = found(tool, &schema, |schema| {
        names(schema).iter().find(|name| !fits(name, ".")).map(|name| format!("the property {name}"))
    });
    let is_empty = tool.description.as_deref().is_none_or(|description| description.trim().is_empty());
    let is_fine = fits(&tool.name, "") && !is_empty && schema["type"] == "object";
    problems.extend((!is_fine).then(|| format!("{}: name, description or root", tool.name)));
    problems
}

/// Azure OpenAI: descriptions of 1,024 characters at most (modelcontextprotocol/servers#799), those of arguments, too.
fn azure(tool: &Tool) -> Vec<String> {
    let long = |text: Option<&str>| text.filter(|text| text.chars().count() > 1024).map(|_| "too long".to_owned());
    let mut problems = found(tool, &input(tool), |schema| long(schema["description"].as_str()));
    problems.extend(long(tool.description.as_deref()).map(|problem| format!("{}: {problem}", tool.name)));
    problems
}

/// ChatGPT's importer: a description of 300 characters at most (modelcontextprotocol/servers#799).
fn chatgpt(tool: &Tool) -> Vec<String> {
    let length = tool.description.as_deref().unwrap_or_default().chars().count();
    (length > 300).then(|| format!("{}: {length} characters", tool.name)).into_iter().collect()
}

/// Names with the server's before them: 64 characters at most (composio#2788, PostHog#51483), and without dashes, which
/// Semantic Kernel rejects (semantic-kernel#12879).
fn name(tool: &Tool) -> Vec<String> {
    let is_fine = tool.name.len() + PREFIX.len() <= 64 && !tool.name.contains('-');
    (!is_fine).then(|| tool.name.to_string()).into_iter().collect()
}

/// Tools without a title or a read-only hint are dropped by Microsoft's and others (data-api-builder#3798,
/// aiquila#386).
fn annotated(tool: &Tool) -> Vec<String> {
    let hints = tool.annotations.as_ref();
    let is_fine = tool.title.is_some() && hints.is_some_and(|hints| hints.read_only_hint.is_some());
    (!is_fine).then(|| tool.name.to_string()).into_iter().collect()
}

/// Hosts sort the properties of a schema, and show one without the others: no description may rely on its place.
fn stands_alone(tool: &Tool) -> Vec<String> {
    const PLACES: [&str; 14] = [
        "above", "below", "as in ", "as are ", "as is ", "as for ", "like the ", "same as", "the next ", "previous",
        "preceding", "following", "the former", "ditto",
    ];
    let place = |schema: &Value| {
        let said = schema["description"].as_str().unwrap_or_default().to_lowercase();
        PLACES.iter().find(|place| said.contains(**place)).map(|place| format!("'{place}'"))
    };
    [found(tool, &input(tool), place), found(tool, &output(tool), place)].concat()
}

fn problems(catalogue: &Catalogue, rule: Rule) -> Vec<String> {
    catalogue.list().iter().flat_map(rule).collect()
}

fn plain() -> Catalogue {
    everything().written(Schemas::Plain, true)
}

const RULES: &[(&str, Rule)] = &[
    ("OpenAI", openai),
    ("Bedrock", bedrock),
    ("Azure", azure),
    ("ChatGPT", chatgpt),
    ("names", name),
    ("annotations", annotated),
    ("places", stands_alone),
];

#[test]
fn every_importer_takes_every_tool() {
    for catalogue in [everything(), plain(), everything().written(Schemas::Full, false)] {
        for (importer, rule) in RULES {
            assert_eq!(problems(&catalogue, *rule), [""; 0], "{importer}");
        }
        // Azure and OpenAI take 128 tools (azure-mcp#372).
        assert!(catalogue.list().len() <= 128);
    }
    assert_eq!(problems(&plain(), gemini), [""; 0]);
    assert_ne!(problems(&everything(), gemini), [""; 0], "plain is for something");
}

#[test]
fn strict_mode_takes_every_tool_without_fields_of_any_name() {
    let qualifying = |catalogue: &Catalogue| -> BTreeSet<String> {
        let tools = catalogue.list().iter().filter(|tool| openai_strict(tool).is_empty());
        tools.map(|tool| tool.name.to_string()).collect()
    };
    // As they are: those whose arguments are all required.
    let is_all_required = |tool: &&Tool| names(&input(tool)) == required(&input(tool));
    let as_they_are: BTreeSet<String> =
        everything().list().iter().filter(is_all_required).map(|tool| tool.name.to_string()).collect();
    assert_eq!(qualifying(&everything()), as_they_are);
    assert!(as_they_are.contains("get_booking_calendar") && !as_they_are.contains("list_bookings"), "{as_they_are:?}");
    let converted = |catalogue: Catalogue| -> BTreeSet<String> {
        let convert = |tool: &Tool| {
            let (mut tool, mut schema) = (tool.clone(), input(tool));
            made_strict(&mut schema);
            tool.input_schema = schema.as_object().unwrap().clone().into();
            openai_strict(&tool)
        };
        let tools = catalogue.list().iter().filter(|tool| !convert(tool).is_empty());
        tools.map(|tool| tool.name.to_string()).collect()
    };
    // Once an importer has made all of them required, only defaults and open maps are left.
    let open = ["create_contact", "create_one_time_link", "schedule_meeting", "update_contact"];
    let rejected = converted(everything());
    let has_default =
        |name: &String| everything().get(name).is_some_and(|tool| input(tool).to_string().contains("default\":"));
    assert!(rejected.iter().all(|name| open.contains(&name.as_str()) || has_default(name)), "{rejected:?}");
    assert!(open.iter().all(|name| rejected.contains(*name)));
    // Plain schemas have neither.
    assert_eq!(converted(plain()), BTreeSet::new());
}

#[test]
fn each_rule_finds_what_it_is_for() {
    let tool = |schema: Value| {
        let mut tool = everything().get("list_users").unwrap().clone();
        tool.input_schema = schema.as_object().unwrap().clone().into();
        tool
    };
    let with = |property: Value| tool(json!({"type": "object", "properties": {"a": property}}));
    let said = |description: String| with(json!({"type": "string", "description": description}));
    for (rule, bad) in [
        (openai as Rule, with(json!({"type": "object"}))),
        (openai, with(json!({"type": "array"}))),
        (openai, with(json!({"type": ["string", "null"]}))),
        (openai, tool(json!({"type": "object", "properties": {}, "anyOf": []}))),
        (openai_strict, with(json!({"type": "string"}))),
        (
            openai_strict,
            tool(json!({
                "type": "object", "properties": {"a": {"type": "string", "default": "b"}}, "required": ["a"],
                "additionalProperties": false
            })),
        ),
        (gemini, with(json!({"type": "object", "properties": {}}))),
        (gemini, with(json!({"type": "string", "const": "a"}))),
        (gemini, with(json!({"type": "integer", "exclusiveMinimum": 0}))),
        (gemini, with(json!({"anyOf": [{"type": "string"}, {"type": "null"}]}))),
        (gemini, tool(json!({"type": "object", "properties": {}, "additionalProperties": false}))),
        (gemini, tool(json!({"type": "object", "properties": {}, "$schema": "s"}))),
        (bedrock, tool(json!({"type": "object", "properties": {"a b": {}}}))),
        (bedrock, tool(json!({"properties": {}}))),
        (azure, said("a".repeat(1025))),
        (chatgpt, Tool::new("a", "a".repeat(301), Map::new())),
        (name, Tool::new("a".repeat(51), "a", Map::new())),
        (annotated, Tool::new("a", "a", Map::new())),
        (stands_alone, said("As in weekly".into())),
    ] {
        assert_ne!(rule(&bad), [""; 0], "{bad:?}");
    }
}

#[test]
fn what_plain_schemas_do_not_state_is_in_their_descriptions() {
    let plain = plain();
    let property = |tool: &str, name: &str| input(plain.get(tool).unwrap())["properties"][name].clone();
    assert_eq!(property("list_users", "limit"), json!({"type": "integer", "description": "at most 500; default 25"}));
    assert_eq!(
        property("create_one_time_link", "duration_minutes"),
        json!({"type": "integer", "description": "One of the calendar's durations; at least 1"})
    );
    assert_eq!(
        property("create_contact", "custom_fields"),
        json!({"type": "string", "description": "By exact field name; as the JSON text of an object"})
    );
    let listed = output(plain.get("list_bookings").unwrap());
    assert!(listed["properties"]["items"]["items"]["properties"]["status"].is_object(), "{listed}");
    assert_eq!(listed["properties"]["next_cursor"], Value::Null, "it may be one of two types");
}

#[test]
fn without_structure_there_are_no_output_schemas_and_a_narrowed_catalogue_is_written_alike() {
    let catalogue = everything().written(Schemas::Plain, false);
    let narrowed = catalogue.narrowed(&Selection { read_only: true, ..Selection::default() }).unwrap();
    assert!(!narrowed.list().is_empty() && narrowed.list().len() < catalogue.list().len());
    for tool in catalogue.list().iter().chain(narrowed.list()) {
        assert!(tool.output_schema.is_none() && tool.input_schema.get("additionalProperties").is_none());
    }
}
