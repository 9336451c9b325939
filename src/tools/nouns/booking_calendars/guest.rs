//! The answers to a booking form, validated before they are sent: OnceHub accepts nearly anything and reports nothing.

use serde_json::{Map, Value};

use crate::records::booking::Form;
use crate::records::{Failure, Told, quoted};
use crate::tools::address::{email, phone};

/// The form's built-in fields, and the arguments that fill them.
const OWN: &[(&str, &str)] = &[("name", "guest_name"), ("email", "guest_email"), ("phone", "guest_phone")];

/// Builds a guest's form: the calendar's own questions by name, and the fields that every form has.
pub(super) fn form(
    custom_fields: Option<Map<String, Value>>,
    name: Option<&str>,
    address: Option<&str>,
    number: Option<&str>,
) -> Result<Map<String, Value>, Failure> {
    let mut form = custom_fields.unwrap_or_default();
    form.retain(|_, answer| !answer.is_null());
    for (field, answer) in &mut form {
        if let Some((_, argument)) = OWN.iter().find(|(own, _)| own.eq_ignore_ascii_case(field)) {
            let problem = format!("{} is not one of this calendar's questions", quoted(field, 60));
            return Err(Failure::argument("custom_fields", problem, format!("pass it as {argument}")));
        }
        let is_text = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
        let fits = is_text(answer) || answer.as_array().is_some_and(|answers| answers.iter().all(is_text));
        if !fits {
            let problem = format!("{} must be text or a list of texts", quoted(field, 60));
            return Err(Failure::argument("custom_fields", problem, "correct it and call again"));
        }
        if answer.is_number() || answer.is_boolean() {
            *answer = answer.to_string().into();
        }
    }
    let values = [
        name.map(|name| name.trim().to_owned()),
        address.map(|address| email("guest_email", address)).transpose()?,
        number.map(|number| phone("guest_phone", number)).transpose()?,
    ];
    for ((field, _), value) in OWN.iter().zip(values) {
        form.extend(value.map(|value| ((*field).to_owned(), value.into())));
    }
    Ok(form)
}

/// The fields that every form has besides those filled by arguments, whatever the case of their names.
const OF_EVERY_FORM: &[&str] = &["mobile_phone", "note", "company", "guests"];

/// Says which questions' answers OnceHub did not keep in full, if there are any.
pub(in crate::tools) fn not_kept(sent: &Map<String, Value>, form: Option<&Told<Form>>) -> Option<String> {
    let dropped: Vec<String> = dropped(sent, form).into_iter().map(|name| quoted(name, 60)).collect();
    (!dropped.is_empty()).then(|| {
        format!(
            "OnceHub did not keep every answer to {}: name each question exactly, and use only its own choices.",
            dropped.join(", ")
        )
    })
}

/// Returns the questions whose answers OnceHub did not keep in full: it silently drops what it does not know.
fn dropped<'a>(sent: &'a Map<String, Value>, form: Option<&Told<Form>>) -> Vec<&'a str> {
    let kept = form.map(Told::sent).unwrap_or_default();
    let answers = form.iter().flat_map(|form| &form.custom_fields).flatten();
    let answer = |name: &str| {
        let mut answers = answers.clone();
        answers
            .find(|field| field.get("name").and_then(Value::as_str) == Some(name))
            .and_then(|field| field.get("value"))
    };
    let own = |name: &str| kept.get(*OF_EVERY_FORM.iter().find(|own| own.eq_ignore_ascii_case(name))?);
    let all = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let is_kept = |name: &str, sent: &Value| {
        let mut places = [answer(name), own(name)].into_iter().flatten();
        places.any(|kept| all(sent).iter().all(|each| all(kept).contains(each)))
    };
    let asked = sent.iter().filter(|(name, _)| !OWN.iter().any(|(own, _)| own == name));
    asked.filter(|(name, sent)| !is_kept(name, sent)).map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oncehub::Object;
    use serde_json::json;

    fn form_of(sent: Value) -> Told<Form> {
        Object::new(sent).into()
    }

    #[test]
    fn answers_are_texts_and_do_not_replace_the_forms_own_fields() {
        let custom = |value: Value| form(value.as_object().cloned(), Some("Ada"), None, None);
        assert_eq!(
            Value::from(custom(json!({"Size": 5, "Topics": ["a", "b"], "Nothing": null})).unwrap()),
            json!({"Size": "5", "Topics": ["a", "b"], "name": "Ada"})
        );
        for bad in
            [json!({"email": "evil@example.com"}), json!({"Name": "x"}), json!({"a": {"b": 1}}), json!({"a": [[]]})]
        {
            assert_eq!(custom(bad).unwrap_err().param.as_deref(), Some("custom_fields"));
        }
    }

    #[test]
    fn an_answer_that_became_one_of_the_forms_own_fields_is_not_lost() {
        let form = form_of(json!({
            "company": "Savanna", "note": "Ring twice", "guests": ["bo@example.com", "cy@example.com"], "custom_fields": []
        }));
        let sent = json!({"company": "Savanna", "Note": "Ring twice", "guests": ["bo@example.com"], "Goal": "talk"});
        assert_eq!(dropped(sent.as_object().unwrap(), Some(&form)), ["Goal"]);
        let sent = json!({"company": "Another"});
        assert_eq!(dropped(sent.as_object().unwrap(), Some(&form)), ["company"], "kept is what is there now");
    }

    #[test]
    fn what_oncehub_drops_is_named() {
        let form = form_of(json!({"custom_fields": [{"name": "Topics", "value": ["Growth"]}]}));
        let sent = json!({"name": "Ada", "Topics": ["Growth", "Gossip"], "Goal": "talk"});
        assert_eq!(dropped(sent.as_object().unwrap(), Some(&form)), ["Topics", "Goal"]);
        let sent = json!({"Topics": ["Growth"]});
        assert!(dropped(sent.as_object().unwrap(), Some(&form)).is_empty());
    }
}
