//! Rules about all tools, as tests over all tools; and the bench that each noun's own tests stand on.

pub(crate) mod bench;
mod bent;
mod campaign;
mod documented_errors;
mod dry_run;
mod first_free;
mod fuzz;
mod held;
mod hours;
mod importers;
mod names;
mod operations;
mod parts;
mod size;
mod small_nouns;
mod text_alone;
mod truth;
mod typed;
mod words;
mod zone;

use serde_json::{Value, json};

use crate::apps::View;
pub(in crate::tools) use crate::cases;
use crate::tools::{Catalogue, Selection};

fn everything() -> Catalogue {
    Catalogue::new(&Selection::default()).unwrap()
}

#[test]
fn each_definition_is_what_was_agreed_on() {
    for tool in everything().list() {
        // A view's URI changes with its document.
        let definition = serde_json::to_string(tool).unwrap();
        let definition = View::all()
            .fold(definition, |text, view| text.replace(view.uri(), &format!("ui://oncehub/{}/…", view.name())));
        let definition: Value = serde_json::from_str(&definition).unwrap();
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_json_snapshot!(tool.name.as_ref(), definition);
        });
    }
}

#[test]
fn every_tool_has_a_title_a_description_both_schemas_and_all_four_hints() {
    for tool in everything().list() {
        let hints = tool.annotations.as_ref().unwrap();
        let all = [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint];
        assert!(all.iter().all(Option::is_some), "{}", tool.name);
        assert!(tool.title.is_some() && tool.output_schema.is_some(), "{}", tool.name);
        let description = tool.description.as_deref().unwrap();
        assert!((80..=700).contains(&description.len()), "{}: {}", tool.name, description.len());
        assert!(!description.contains('\n') && description.ends_with('.'), "{}", tool.name);
        // Which tool instead, or which next: at least one other is named.
        assert!(description.contains('`'), "{}", tool.name);
    }
}

#[test]
fn descriptions_only_name_tools_that_exist() {
    let catalogue = everything();
    for tool in catalogue.list() {
        let description = tool.description.as_deref().unwrap();
        for named in description.split('`').skip(1).step_by(2).filter(|name| name.contains('_')) {
            assert!(catalogue.get(named).is_some(), "{} names {named}", tool.name);
        }
    }
}

/// Every schema inside a schema, with where it is.
fn each(at: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(at, schema);
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        each(&format!("{at}.{name}"), inner, visit);
    }
    for name in ["items", "additionalProperties"] {
        if schema[name].is_object() {
            each(&format!("{at}[]"), &schema[name], visit);
        }
    }
}

#[test]
fn every_host_can_read_the_schemas() {
    for tool in everything().list() {
        let input = Value::Object(tool.input_schema.as_ref().clone());
        let output = Value::Object(tool.output_schema.as_ref().unwrap().as_ref().clone());
        assert_eq!(input["additionalProperties"], json!(false), "{}", tool.name);
        for (whole, goes_out) in [(&input, false), (&output, true)] {
            assert_eq!(whole["type"], "object", "{}", tool.name);
            each(&tool.name, whole, &mut |at, schema| {
                for word in ["$ref", "$defs", "$schema", "oneOf", "allOf", "not", "nullable"] {
                    assert!(schema.get(word).is_none(), "{at}: {word}");
                }
                // A reply's field may be one of two things; what goes in is always one.
                let choice = schema["anyOf"].is_array() && at.contains('.') && goes_out;
                assert!(schema["type"].is_string() || choice, "{at}: no single type");
                // A host that checks a reply knows this format; what goes in has many forms.
                let is_time = goes_out && schema["format"] == "date-time";
                assert!(schema["format"].is_null() || is_time, "{at}: format {}", schema["format"]);
                assert!(schema.get("default").is_none_or(|default| !default.is_null()), "{at}: default null");
            });
        }
    }
}

#[test]
fn arguments_are_described_or_speak_for_themselves() {
    // A name that says it all, where a description would only repeat it.
    let plain = [
        "created_after", "created_before", "updated_after", "updated_before", "limit", "first_name", "last_name",
        "guest_name", "guest_email", "change", "master_page", "event_type", "recipient_type", "notify_guest",
        "role_name", "end_time", "type", // What a contact has.
        "status", "company", "company_size", "employees", "job_title", "salutation", "street_address", "post_code",
        "city", "state", "country", "has_consent", "terms_of_service", // Who is invited.
        "email",            // The tags of a campaign.
        "source", "medium", "campaign", "term", "content", // A window of free starts.
        "after", "before", "days", "earliest", "latest", "per_day",
    ];
    for tool in everything().list() {
        let input = Value::Object(tool.input_schema.as_ref().clone());
        each(&tool.name, &input, &mut |at, schema| {
            let name = at.rsplit('.').next().unwrap();
            let described = schema["description"].is_string() || plain.contains(&name);
            assert!(described || at == tool.name || at.ends_with("[]"), "{at}");
        });
    }
}

/// `UPDATE=1 cargo test` writes the file; otherwise it has to be right.
#[test]
fn the_catalogue_keeps_its_budget_of_tokens() {
    let tokens = tiktoken_rs::o200k_base_singleton();
    let (mut costs, mut total, mut views) = (String::new(), 0, 0);
    for tool in everything().list() {
        let seen =
            json!({"name": tool.name, "description": tool.description, "input_schema": tool.input_schema.as_ref()});
        let cost = tokens.encode_ordinary(&seen.to_string()).len();
        costs.push_str(&format!("{} {cost}\n", tool.name));
        *if Catalogue::opens_view(&tool.name) { &mut views } else { &mut total } += cost;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tools/costs.txt"), costs).unwrap();
    } else {
        assert_eq!(costs, include_str!("../costs.txt"), "run UPDATE=1 cargo test and look at the change");
    }
    assert!(total <= 8400, "{total}");
    assert!(views <= 390, "{views}");
    let of = |toolset: &str| -> usize {
        let names = Catalogue::new(&Selection { toolsets: vec![toolset.into()], ..Selection::default() }).unwrap();
        names.list().iter().map(|tool| Catalogue::cost_of(&tool.name)).sum()
    };
    assert!(of("core") <= 5000, "{}", of("core"));
    let daily = of("bookings") + of("booking_calendars") - Catalogue::cost_of("test_connection");
    assert!(daily <= 2670, "{daily}");
    // No single tool may eat what the others have saved.
    for (tool, cost) in everything().list().iter().map(|tool| (&tool.name, Catalogue::cost_of(&tool.name))) {
        let most = match tool.as_ref() {
            // The hours of single dates are spelt out, too.
            "update_scheduling_availability" => 614,
            "plan_changes" => 370,
            "list_bookings" => 500,
            "booking_report" => 420,
            "schedule_meeting" => 400,
            "brief_bookings" | "list_changes" => 200,
            "create_one_time_link" | "create_contact" | "update_contact" | "find_times" => 345,
            "move_booking" => 305,
            "show_free_slots" | "show_bookings" | "show_availability" => 130,
            _ => 260,
        };
        assert!(cost <= most, "{tool}: {cost}");
    }
}

#[test]
fn a_selection_offers_what_it_says() {
    let names = |selection: Selection| -> Vec<String> {
        Catalogue::new(&selection).unwrap().list().iter().map(|tool| tool.name.to_string()).collect()
    };
    let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let reads = names(Selection { read_only: true, ..Selection::default() });
    let changes_nothing = |tool: &&rmcp::model::Tool| tool.annotations.as_ref().unwrap().read_only_hint == Some(true);
    let all = everything();
    assert_eq!(reads, all.list().iter().filter(changes_nothing).map(|tool| tool.name.to_string()).collect::<Vec<_>>());
    assert!(!reads.contains(&"cancel_booking".to_owned()));
    let one = names(Selection { tools: list(&["list_bookings"]), ..Selection::default() });
    assert_eq!(one, ["list_bookings", "test_connection"]);
    let all_but = Selection {
        toolsets: list(&["bookings"]),
        exclude: list(&["mark_no_show", "list_bookings"]),
        ..Selection::default()
    };
    assert_eq!(
        names(all_but),
        ["cancel_booking", "get_booking", "reassign_booking", "request_reschedule", "test_connection"]
    );
    let both = Selection { read_only: true, tools: list(&["cancel_booking"]), ..Selection::default() };
    assert_eq!(names(both), ["test_connection"], "read-only beats inclusion");
    let core = names(Selection { toolsets: list(&["core"]), ..Selection::default() });
    assert!(core.contains(&"schedule_meeting".to_owned()) && !core.contains(&"get_booking_calendar".to_owned()));
    assert_eq!(core.len(), 21, "{core:?}");
}

#[test]
fn an_unknown_name_in_a_selection_is_refused_with_the_valid_ones() {
    let error = |selection: Selection| Catalogue::new(&selection).err().unwrap().to_string();
    let toolset = error(Selection { toolsets: vec!["booking".into()], ..Selection::default() });
    let all = Catalogue::toolsets().collect::<Vec<_>>().join(", ");
    assert_eq!(
        toolset,
        format!("there is no toolset 'booking' (did you mean bookings?); choose from: {all}, core, all")
    );
    let tool = error(Selection { exclude: vec!["delete_everything".into()], ..Selection::default() });
    assert!(tool.contains("there is no tool 'delete_everything'") && tool.contains("cancel_booking"), "{tool}");
}
