//! What a calendar's form asks, learnt from the bookings made on it: OnceHub does not tell.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Booking, Told, quoted};

/// The fewest guests that gave the same answer before it is told: what a single guest wrote is theirs.
const GUESTS: usize = 3;

/// The most answers that are told of a field.
const ANSWERS: usize = 8;

/// A field of a form.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FormField {
    /// Exact, as custom_fields takes it (phone: guest_phone)
    pub name: String,
    /// How many bookings answer it
    pub seen_in: usize,
    /// How many were looked at
    pub of: usize,
    /// What at least three guests answered
    pub values: Option<Vec<String>>,
}

/// What is known of a form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learnt {
    /// How many bookings show what it asks.
    pub of: usize,
    /// The fields besides name and e-mail that they answer, those most often answered first.
    pub fields: Vec<FormField>,
}

impl Learnt {
    /// Learns what the forms of these bookings answer.
    pub fn from(bookings: &[Told<Booking>]) -> Self {
        let forms: Vec<_> = bookings.iter().filter_map(|booking| booking.form_submission.as_ref()).collect();
        let mut seen: BTreeMap<&str, (usize, BTreeMap<String, BTreeSet<&str>>)> = BTreeMap::new();
        for form in &forms {
            let guest = form.email.as_deref().unwrap_or_default();
            let said = |answer: &Option<String>| answer.as_ref().is_some_and(|it| !it.trim().is_empty());
            let own = [
                ("phone", said(&form.phone) || said(&form.mobile_phone)),
                ("company", said(&form.company)),
                ("note", said(&form.note)),
            ];
            // What guests wrote there is theirs: no values.
            for (name, _) in own.into_iter().filter(|(_, is_answered)| *is_answered) {
                seen.entry(name).or_default().0 += 1;
            }
            for field in form.custom_fields.iter().flatten() {
                let Some(name) = field.get("name").and_then(Value::as_str) else { continue };
                let answers = texts(field.get("value"));
                if answers.is_empty() {
                    continue;
                }
                let (count, given) = seen.entry(name).or_default();
                *count += 1;
                answers.into_iter().for_each(|answer| {
                    given.entry(answer).or_default().insert(guest);
                });
            }
        }
        let mut fields: Vec<FormField> = seen
            .into_iter()
            .map(|(name, (seen_in, given))| {
                let common = given.into_iter().filter(|(_, guests)| guests.len() >= GUESTS).map(|(answer, _)| answer);
                let values: Vec<String> = common.take(ANSWERS).collect();
                let values = Some(values).filter(|values| !values.is_empty());
                FormField { name: name.to_owned(), seen_in, of: forms.len(), values }
            })
            .collect();
        fields.sort_by_key(|field| std::cmp::Reverse(field.seen_in));
        Self { of: forms.len(), fields }
    }

    /// Says what is known of it.
    pub fn described(&self) -> String {
        let fields: Vec<String> = self.fields.iter().map(FormField::described).collect();
        match (self.of, fields.as_slice()) {
            (0, _) => "form: not known, no booking shows what it asks yet".to_owned(),
            (of, []) => format!("form: no more than name and e-mail, as its last bookings ({of}) show"),
            _ => format!("form, as its last bookings show: {}", fields.join(", ")),
        }
    }
}

impl FormField {
    /// `"Topics" (12 of 40 bookings; such as "Growth", "Pricing")`
    pub fn described(&self) -> String {
        let values: Vec<String> = self.values.iter().flatten().map(|value| quoted(value, 60)).collect();
        let such = if values.is_empty() { String::new() } else { format!("; such as {}", values.join(", ")) };
        format!("{} ({} of {} bookings{such})", quoted(&self.name, 80), self.seen_in, self.of)
    }
}

/// Returns the texts of an answer: one, or those of a list.
pub fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(values)) => values.iter().flat_map(|value| texts(Some(value))).collect(),
        Some(Value::String(text)) if !text.trim().is_empty() => vec![text.trim().to_owned()],
        Some(Value::Number(number)) => vec![number.to_string()],
        Some(Value::Bool(flag)) => vec![flag.to_string()],
        _ => Vec::new(),
    }
}
