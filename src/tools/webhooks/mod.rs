//! Webhooks: the addresses that OnceHub posts to when something happens.

#[cfg(test)]
mod tests;

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};
use url::Url;

use super::arguments::nearest;
use super::asked::Asked;
use super::call::Call;
use super::failure::{Failure, Stop};
use super::line::Line;
use super::names::{Noun, fold};
use super::reply::{Reply, present};
use super::schema::Field;
use super::untrusted::{quoted, word};
use super::write::Subject;
use super::{Tools, Zone, schema, time};
use crate::oncehub::{Id, Object, webhooks};

impl Tools {
    pub(super) fn webhooks() -> Vec<ToolRouter<Self>> {
        vec![Self::finding_webhooks(), Self::changing_webhooks()]
    }
}

/// The events that OnceHub reports. The two without a dot stand for all events of their kind;
/// `conversation.reached_out` is undocumented, but integrations in use subscribe to it.
const EVENTS: &[&str] = &[
    "booking",
    "booking.scheduled",
    "booking.rescheduled",
    "booking.reassigned",
    "booking.canceled_then_rescheduled",
    "booking.canceled_reschedule_requested",
    "booking.canceled",
    "booking.completed",
    "booking.no_show",
    "conversation",
    "conversation.started",
    "conversation.closed",
    "conversation.abandoned",
    "conversation.reached_out",
];

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateWebhook {
    /// One that no other webhook has
    name: String,
    /// https
    url: String,
    /// `booking` (all of them) or booking.scheduled, .rescheduled, .reassigned, .canceled, .canceled_then_rescheduled,
    /// .canceled_reschedule_requested, .completed, .no_show; `conversation` or conversation.started, .closed, .abandoned
    events: Vec<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListWebhooks {
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneWebhook {
    /// Id or exact name
    webhook_id: String,
}

const FIELDS: &[Field] = &[
    ("id", "string", ""),
    ("name", "string", ""),
    ("url", "string", "Where OnceHub posts to"),
    ("events", "array", ""),
    ("api_version", "string", ""),
    ("creation_time", "string", "UTC"),
    ("creation_time_local", "string", "In time_zone"),
];

#[tool_router(router = finding_webhooks)]
impl Tools {
    /// List the account's webhooks, addresses that OnceHub posts to when bookings or conversations change: name, URL,
    /// events; secrets are withheld. Look here before `create_webhook` and `delete_webhook`.
    #[tool(
        title = "List webhooks",
        input_schema = schema::input::<ListWebhooks>(),
        output_schema = schema::list(schema::object(FIELDS), &[]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_webhooks(&self, mut call: Call) -> Result<Reply, Failure> {
        let ListWebhooks { limit, cursor } = call.input()?;
        let zone = &self.settings.zone;
        let found = call.gather(&webhooks::All {}, limit, cursor.as_deref(), None).await?;
        Ok(found.rows("webhook", &Asked::by(&call, zone), |webhook| shown(webhook, zone)))
    }

    /// Read one webhook: URL, events. Not needed after `list_webhooks`, which shows the same. Secrets are withheld:
    /// only `create_webhook` shows one, once.
    #[tool(
        title = "Get webhook",
        input_schema = schema::input::<OneWebhook>(),
        output_schema = schema::output(FIELDS),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_webhook(&self, mut call: Call) -> Result<Reply, Failure> {
        let OneWebhook { webhook_id } = call.input()?;
        let id = call.find(&[Noun::Webhooks], "webhook_id", &webhook_id).await?.id;
        let webhook = call.read(&webhooks::Get::new(id.clone()), &id).await?;
        Ok(Reply::of(shown(&webhook, &self.settings.zone)).in_zone(&self.settings.zone))
    }
}

fn created() -> std::sync::Arc<rmcp::model::JsonObject> {
    let secret = ("secret", "string", "Signs each delivery; shown this once");
    schema::written(&[FIELDS, &[secret]].concat())
}

#[tool_router(router = changing_webhooks)]
impl Tools {
    /// Have OnceHub post the chosen events, guests' data included, to an address from now on. The reply shows the
    /// secret that signs them, this once: have it stored. A webhook cannot be changed, only replaced
    /// (`delete_webhook`); see `list_webhooks` first.
    #[tool(
        title = "Create webhook",
        input_schema = schema::input::<CreateWebhook>(),
        output_schema = created(),
        annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn create_webhook(&self, mut call: Call) -> Result<Reply, Stop> {
        let CreateWebhook { name, url, events } = call.input()?;
        let webhook = webhooks::Create { name: called(&name)?, url: address(&url)?, events: known(&events)? };
        let others = call.directory.all_or_none(&call.oncehub, Noun::Webhooks).await;
        let others: Vec<String> = others.at_url(&webhook.url).map(|other| quoted(&other.name, 60)).collect();
        let twice = if others.is_empty() {
            String::new()
        } else {
            format!(" {} posts there already, so what both tell of arrives twice.", others.join(", "))
        };
        let question = format!(
            "Have OnceHub post {} events, guests' data included, to {} from now on (webhook {})?{twice}",
            webhook.events.join(", "),
            quoted(&webhook.url, 200),
            quoted(&webhook.name, 60)
        );
        call.agree(true, &question, &Map::new).await?;
        let what = format!("a webhook called {}", quoted(&webhook.name, 60));
        let check = "see with list_webhooks whether it is there";
        let is_it = |known: &Object| known.text("name").is_some_and(|name| fold(name) == fold(&webhook.name));
        let made = call.create(&webhook, &webhooks::All {}, Subject { what: &what, check }, &is_it).await;
        call.directory.forget(Noun::Webhooks);
        let (mut made, found) = made?;
        if found {
            // Lists leave out secrets.
            if let Some(Ok(id)) = made.text("id").map(str::parse::<Id>) {
                made = call.read(&webhooks::Get::new(id.clone()), &id).await.unwrap_or(made);
            }
        }
        let (mut fields, mut line) = shown(&made, &self.settings.zone);
        match made.text("secret") {
            Some(secret) => {
                fields.insert("secret".into(), secret.into());
                let secret = word(secret);
                line.push_str(&format!("\nsecret: {secret} (signs each delivery; shown this once: have it stored)"));
            }
            None => line.push_str("\nsecret: it could not be read; OnceHub's own pages show it"),
        }
        let done = "Webhook made: OnceHub posts to it from now on.";
        let mut reply = Reply::done(done, (fields, line), found).in_zone(&self.settings.zone);
        if !twice.is_empty() {
            reply.note(twice.trim());
        }
        Ok(reply)
    }

    /// Stop OnceHub from posting to a webhook's address, for good. Find it with `list_webhooks`. To change URL or
    /// events, first use `create_webhook` with another name; its secret is new.
    #[tool(
        title = "Delete webhook",
        input_schema = schema::input::<OneWebhook>(),
        output_schema = schema::deletion(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn delete_webhook(&self, mut call: Call) -> Result<Reply, Stop> {
        let OneWebhook { webhook_id } = call.input()?;
        let id = call.find(&[Noun::Webhooks], "webhook_id", &webhook_id).await?.id;
        let get = webhooks::Get::new(id.clone());
        let webhook = call.still_there(&get, &id, "webhook_id", "webhook").await?;
        let name = webhook.text("name").unwrap_or(id.as_str()).to_owned();
        let url =
            webhook.text("url").map(|url| format!(", so that nothing is posted to {} any more", quoted(url, 200)));
        let question = format!("Delete the webhook {}{}?", quoted(&name, 60), url.unwrap_or_default());
        let zone = &self.settings.zone;
        call.agree(true, &question, &|| shown(&webhook, zone).0).await?;
        let (what, check) = (format!("the webhook {id}"), format!("read it with get_webhook {id}"));
        let subject = Subject { what: &what, check: &check };
        let deleted = call.delete(&webhooks::Delete::new(id.clone()), &get, subject).await;
        call.directory.forget(Noun::Webhooks);
        Ok(Reply::deleted("webhook", &id, &name, deleted?))
    }
}

/// Validates a webhook's name.
fn called(name: &str) -> Result<String, Failure> {
    if name.chars().any(char::is_alphanumeric) {
        return Ok(name.trim().to_owned());
    }
    Err(Failure::argument("name", "has no letter and no digit", "name it after what listens, like Bookings to CRM"))
}

/// Validates a webhook's address.
fn address(url: &str) -> Result<String, Failure> {
    let is_https = Url::parse(url.trim()).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if is_https {
        return Ok(url.trim().to_owned());
    }
    Err(Failure::argument("url", "is not an https address", "give the whole of it, like https://example.com/oncehub"))
}

/// Validates the events, without duplicates.
fn known(events: &[String]) -> Result<Vec<String>, Failure> {
    let mut known: Vec<String> = Vec::new();
    for event in events {
        let folded = event.trim().to_lowercase().replace("cancelled", "canceled");
        let folded = folded.trim_start_matches('.');
        let named = |event: &&&str| **event == folded || event.split_once('.').is_some_and(|(_, name)| name == folded);
        let Some(event) = EVENTS.iter().find(named) else {
            let problem = format!("OnceHub has no event {}", quoted(event, 60));
            let is_new = ["creat", "new", "made", "booked"].iter().any(|word| folded.contains(word));
            let near = if is_new { Some("booking.scheduled") } else { nearest(folded, EVENTS.iter().copied()) };
            let hint = match near {
                Some(near) => format!("did you mean {near}? Otherwise use booking, for all that happens to bookings"),
                None => "use booking, for all that happens to bookings".to_owned(),
            };
            return Err(Failure::argument("events", problem, hint));
        };
        if !known.iter().any(|known| known == event) {
            known.push((*event).to_owned());
        }
    }
    if known.is_empty() {
        return Err(Failure::argument("events", "names no event", "use booking, for all that happens to bookings"));
    }
    Ok(known)
}

fn shown(webhook: &Object, zone: &Zone) -> (Map<String, Value>, String) {
    let events: Vec<_> = webhook.texts("events").map(word).collect();
    let made = webhook.text("creation_time").and_then(time::read).map(|at| format!("made {}", time::local(at, zone)));
    let line = Line::of(webhook)
        .quoted(webhook.text("name"))
        .word(webhook.text("url"))
        .said((!events.is_empty()).then(|| events.join(", ")))
        .said(made)
        .labelled_word("API", webhook.text("api_version"));
    let mut fields = present(webhook.clone(), zone);
    fields.shift_remove("secret");
    (fields, line.end())
}
