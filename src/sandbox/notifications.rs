//! `/notifications/sms`.

use serde_json::Value;

use super::request::{Answer, Refusal, Request, page};
use super::world::{Notification, World};

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&[
        "limit",
        "before",
        "after",
        "recipient",
        "recipient_type",
        "creation_time.gt",
        "creation_time.lt",
        "expand",
    ])?;
    let whole = expands(request)?;
    if let Some(kind) = request.param("recipient_type").filter(|kind| !["contact", "user"].contains(kind)) {
        return Err(Refusal::new(400, format!("Invalid string: {kind}")).about("recipient_type"));
    }
    let (after, before) = request.range("creation_time")?;
    let is = |param: &str, value: &str| request.param(param).is_none_or(|wanted| value == wanted);
    let keep = |sms: &Notification| {
        is("recipient", &sms.recipient)
            && is("recipient_type", sms.recipient_type)
            && after.is_none_or(|after| sms.created > after)
            && before.is_none_or(|before| sms.created < before)
    };
    let mut reply = page(request, &world.notifications, |sms| &sms.id, keep, |sms| sms.show(world, whole))?;
    // This is the one list that does not say whether there are more; its `Link` header does.
    if let Value::Object(list) = &mut reply.body {
        list.shift_remove("has_more");
    }
    Ok(reply)
}

/// Whether recipients are to be expanded: nothing else can be.
fn expands(request: &Request) -> Result<bool, Refusal> {
    let Some(text) = request.param("expand") else { return Ok(false) };
    let mut paths = text.split(',').map(|path| path.trim().trim_start_matches("data."));
    match paths.find(|path| *path != "recipient") {
        Some(path) => Err(Refusal::new(400, format!("This property cannot be expanded: {path}")).about("expand")),
        None => Ok(true),
    }
}
