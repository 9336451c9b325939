//! Webhooks: the addresses that OnceHub posts to when something happens.

#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};
use serde_json::Value;
use url::Url;

use crate::actions::{self, Stop};
use crate::names::nearest;
use crate::oncehub::{Collection, Id, webhooks};
use crate::records::{Failure, Noun, Told, Webhook, quoted, word};
use crate::tools::{Answer, Call, Deletion, Paging, Parameters, Reply, Tools, schema};

/// The events that OnceHub reports. The two without a dot stand for all events of their kind;
/// `conversation.reached_out` is undocumented, but integrations in use subscribe to it.
const EVENTS: &[&str] = &[
    "booking", "booking.scheduled", "booking.rescheduled", "booking.reassigned", "booking.canceled_then_rescheduled",
    "booking.canceled_reschedule_requested", "booking.canceled", "booking.completed", "booking.no_show",
    "conversation", "conversation.started", "conversation.closed", "conversation.abandoned",
    "conversation.reached_out",
];

#[tool_router(router = finding_webhooks, vis = "pub(in crate::tools)")]
impl Tools {
    /// List the account's webhooks, addresses that OnceHub posts to when bookings or conversations change: name, URL,
    /// events; secrets are withheld. Use it before `create_webhook` and `delete_webhook`.
    #[tool(title = "List webhooks", annotations(read_only_hint = true), output_schema = schema::list::<Webhook>(schema::NEWEST))]
    async fn list_webhooks(&self, call: Call, Parameters(paging): Parameters<Paging>) -> Answer {
        paging.list::<Webhook>(&call, &Collection::Webhooks.all(), "webhook").await
    }

    /// Read one webhook: URL, events; `list_webhooks` shows the same. Secrets are withheld: only `create_webhook` shows
    /// one, once.
    #[tool(title = "Get webhook", annotations(read_only_hint = true), output_schema = schema::read::<Webhook>())]
    async fn get_webhook(&self, call: Call, Parameters(input): Parameters<OneWebhook>) -> Answer {
        let webhook = call.one::<Webhook>(Noun::Webhooks, "webhook_id", &input.webhook_id).await?;
        Ok(webhook.in_zone(call.zone()))
    }
}

/// A webhook that was just created.
#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Created {
    #[serde(flatten)]
    webhook: Told<Webhook>,
    /// Signs each delivery; shown only once
    secret: Option<String>,
}

#[tool_router(router = changing_webhooks, vis = "pub(in crate::tools)")]
impl Tools {
    /// Register a webhook: OnceHub posts the chosen events, guests' data included, to its address from now on. The
    /// signing secret is shown in this reply only: pass it on. A webhook cannot be changed, only replaced
    /// (`delete_webhook`). Existing ones: `list_webhooks`.
    #[tool(title = "Create webhook", annotations(destructive_hint = false),
        output_schema = schema::written::<Created>())]
    async fn create_webhook(&self, mut call: Call, Parameters(input): Parameters<CreateWebhook>) -> Answer<Stop> {
        let webhook =
            webhooks::Create { name: called(&input.name)?, url: address(&input.url)?, events: known(&input.events)? };
        let (mut create, twice) = actions::webhooks::create(&call.names, webhook).await;
        let done = call.carry_out(&mut create).await?;
        let mut webhook = Told::<Webhook>::from(done.object.clone());
        // Lists leave out secrets.
        if let (true, Some(Ok(id))) = (done.looked_up, webhook.id.as_deref().map(str::parse::<Id>)) {
            webhook = call.names.read(&Collection::Webhooks.get(&id), &id).await.unwrap_or(webhook);
        }
        let secret = webhook.secret.as_ref().and_then(Value::as_str).filter(|secret| !secret.trim().is_empty());
        let secret = secret.map(str::to_owned);
        let told = match &secret {
            Some(secret) => format!("{} (signs each delivery; shown only once: have it stored)", word(secret)),
            None => "it could not be read; OnceHub's own pages show it".to_owned(),
        };
        let text =
            format!("Webhook created: OnceHub posts to it from now on.\n{}\nsecret: {told}", webhook.text(call.zone()));
        let created = Created { webhook, secret };
        let mut reply = Reply::new(created, text).localised(call.zone()).after(&done).in_zone(call.zone());
        twice.iter().for_each(|twice| reply.note(twice));
        Ok(reply)
    }

    /// Delete a webhook for good: OnceHub stops posting to its address. Find it with `list_webhooks`. To change URL or
    /// events, first use `create_webhook` (another name, a new secret).
    #[tool(title = "Delete webhook", annotations(destructive_hint = true),
        output_schema = schema::written::<Deletion>())]
    async fn delete_webhook(&self, mut call: Call, Parameters(input): Parameters<OneWebhook>) -> Answer<Stop> {
        let id = call.names.find(&[Noun::Webhooks], "webhook_id", &input.webhook_id).await?.id;
        let (mut delete, name) = actions::webhooks::delete(&call, id.clone()).await?;
        let done = call.carry_out(&mut delete).await?;
        Ok(Reply::deleted("webhook", &id, name, &done))
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct CreateWebhook {
    /// Must be unique
    name: String,
    /// https
    url: String,
    /// `booking` (all of them) or booking.scheduled, .rescheduled, .reassigned, .canceled, .canceled_then_rescheduled,
    /// .canceled_reschedule_requested, .completed, .no_show; `conversation` or conversation.started, .closed, .abandoned
    events: Vec<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct OneWebhook {
    /// Id or exact name
    webhook_id: String,
}

/// Validates a webhook's name.
fn called(name: &str) -> Result<String, Failure> {
    if name.chars().any(char::is_alphanumeric) {
        return Ok(name.trim().to_owned());
    }
    Err(Failure::argument("name", "has no letter or digit", "name it after its receiver, like Bookings to CRM"))
}

/// Validates a webhook's address.
fn address(url: &str) -> Result<String, Failure> {
    let is_https = Url::parse(url.trim()).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if is_https {
        return Ok(url.trim().to_owned());
    }
    Err(Failure::argument("url", "is not an https address", "give the full URL, like https://example.com/oncehub"))
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
                Some(near) => {
                    format!("did you mean {near}? Otherwise use booking, for everything that happens to bookings")
                }
                None => "use booking, for everything that happens to bookings".to_owned(),
            };
            return Err(Failure::argument("events", problem, hint));
        };
        if !known.iter().any(|known| known == event) {
            known.push((*event).to_owned());
        }
    }
    if known.is_empty() {
        return Err(Failure::argument(
            "events", "lists no events", "use booking, for everything that happens to bookings",
        ));
    }
    Ok(known)
}
