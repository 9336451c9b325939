//! The account that the API key belongs to.

use rmcp::{tool, tool_router};

use crate::names::{Found, Me};
use crate::oncehub::account::account_in;
use crate::records::{Kind, Noun, Time, Zone, clean, quoted, time, word};
use crate::tools::call::{without_zone, zone_of_me};
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct TestConnection {}

/// What is known of the connection.
#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Connection {
    /// OnceHub's own words
    message: String,
    /// The account's e-mail address
    account: Option<String>,
    /// Who "me" is, if set
    me: Option<String>,
    /// The zone of replies, and of times given without one
    time_zone: String,
    current_time: Time,
}

#[tool_router(router = account, vis = "pub(in crate::tools)")]
impl Tools {
    /// Check that the OnceHub API key works, and see its account, who `me` is, the time zone and the time. Use it after
    /// an authentication error of a tool such as `list_bookings`, or when `me` is unclear.
    #[tool(title = "Test connection", annotations(read_only_hint = true), output_schema = schema::one::<Connection>())]
    async fn test_connection(&self, mut call: Call, _: Parameters<TestConnection>) -> Answer {
        let checked = call.oncehub().check().await?;
        let message = clean(checked.message.as_deref().unwrap_or("The API key is valid")).into_owned();
        let account = account_in(&message).map(str::to_owned);
        call.names.directory.name_account(call.oncehub(), account.clone()).await;
        let (mut from, mut note) = ("", None);
        if call.settings.zone.is_none() {
            match zone_of_me(&call.names, call.deadline).await {
                Ok(Some(zone)) => {
                    from = ", the time zone of `me`";
                    call.names.zone = zone;
                }
                Ok(None) => from = ", since no other is known",
                // Who is not named is said below.
                Err(failure) if failure.kind == Kind::ConfigurationError => from = ", since `me` is nobody",
                Err(failure) => note = Some(without_zone(&failure, call.settings.said_by)),
            }
        }
        let zone = call.zone();
        let why = match &call.names.me {
            Me::Set(_) => call.settings.said_by.why(),
            _ => "as the key's account: for what is only read; a change has to name the user",
        };
        let me = match &call.names.me {
            Me::Set(me) => Some(me.clone()),
            Me::Nobody => None,
            Me::OfKey | Me::OfKeyToName => account.clone(),
        };
        let who = match call.names.me("me").await {
            Ok(user) => {
                let (me, odd) = (me.as_deref().unwrap_or_default(), oddities(&call, &user).await);
                format!("{}: {}, {why}{odd}", word(me), user.described())
            }
            Err(failure) => failure.message.trim_start_matches("me: ").to_owned(),
        };
        let text = format!(
            "OnceHub says: {}\nnow: {} ({}{from})\nme: {who}",
            quoted(&message, 300),
            time::local(call.now(), zone),
            zone.name(),
        );
        let (time_zone, current_time) = (zone.name().to_owned(), Time(call.now()));
        let connection = Connection { message, account, me, time_zone, current_time };
        let mut reply = Reply::new(connection, text).localised(zone);
        note.iter().for_each(|note| reply.note(note));
        Ok(reply)
    }
}

/// Says what is unusual about the user who is `me`.
async fn oddities(call: &Call, me: &Found) -> String {
    let mut odd = Vec::new();
    let zone = me.entry.as_ref().and_then(|entry| entry.timezone.as_deref());
    if zone.is_none_or(|zone| Zone::parse(zone).is_err()) {
        odd.push("has no time zone that is known");
    }
    let calendars = call.names.all_or_none(Noun::Calendars).await;
    if calendars.is_known() && calendars.of_host(me.id.as_str()).next().is_none() {
        odd.push("hosts no booking calendar of their own");
    }
    if odd.is_empty() { String::new() } else { format!("; {}", odd.join("; ")) }
}
