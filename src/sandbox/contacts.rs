//! `/contacts`.

use super::request::{Answer, Refusal, Reply, Request, page};
use super::world::{Contact, World};

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&[
        "limit",
        "before",
        "after",
        "email",
        "creation_time.gt",
        "creation_time.lt",
        "last_updated_time.gt",
        "last_updated_time.lt",
    ])?;
    let email = request.param("email").map(str::to_lowercase);
    let (created_after, created_before) = request.range("creation_time")?;
    let (updated_after, updated_before) = request.range("last_updated_time")?;
    let keep = |contact: &Contact| {
        !contact.deleted
            && email.as_ref().is_none_or(|email| contact.email.to_lowercase() == *email)
            && created_after.is_none_or(|at| contact.created > at)
            && created_before.is_none_or(|at| contact.created < at)
            && updated_after.is_none_or(|at| contact.created > at)
            && updated_before.is_none_or(|at| contact.created < at)
    };
    page(request, &world.contacts, |contact| &contact.id, keep, Contact::show)
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.contacts.iter().find(|known| known.id == id);
    found.map(|known| Reply::ok(known.show())).ok_or_else(|| Refusal::not_found("contact", id))
}
