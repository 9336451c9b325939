//! Creating and deleting webhooks.

use super::{Context, Create, Delete, Question, Subject};
use crate::names::{Names, fold};
use crate::oncehub::{All, Collection, Id, Object, webhooks};
use crate::records::{Failure, Noun, Told, Webhook, quoted};

/// Returns the creation of a webhook, and a sentence about the webhooks that post to the same address, if there are any.
pub async fn create(names: &Names, request: webhooks::Create) -> (Create<webhooks::Create, All>, Option<String>) {
    let others = names.all_or_none(Noun::Webhooks).await;
    let others: Vec<String> = others.at_url(&request.url).map(|other| quoted(&other.name, 60)).collect();
    let twice = (!others.is_empty())
        .then(|| format!("{} already posts there, so events sent by both arrive twice.", others.join(", ")));
    let (name, url, events) = (quoted(&request.name, 60), quoted(&request.url, 200), request.events.join(", "));
    let also = twice.as_ref().map(|twice| format!(" {twice}")).unwrap_or_default();
    let is_it = |request: &webhooks::Create, known: &Object| {
        known.text("name").is_some_and(|name| fold(name) == fold(&request.name))
    };
    let question = Question::important(format!(
        "Have OnceHub post {events} events, guests' data included, to {url} from now on (webhook {name})"
    ));
    let subject = Subject::new(format!("a webhook called {name}"), "check with list_webhooks whether it exists");
    let create = Create::new(request, Collection::Webhooks.all(), is_it, question.and(&also), subject);
    (create.named_as(Noun::Webhooks), twice)
}

/// Reads a webhook, and returns its deletion and its name.
///
/// # Errors
/// If the webhook has been deleted, or cannot be read.
pub async fn delete(context: &Context, id: Id) -> Result<(Delete, String), Failure> {
    let webhook: Told<Webhook> = context.names.read_to_change(Collection::Webhooks, &id).await?;
    let name = webhook.name.clone().unwrap_or_else(|| id.to_string());
    let url = webhook.url.as_deref();
    let url = url.map(|url| format!(", so that nothing is posted to {} anymore", quoted(url, 200))).unwrap_or_default();
    let delete = Delete {
        question: Question::important(format!("Delete the webhook {}{url}", quoted(&name, 60))),
        subject: Subject::new(format!("the webhook {id}"), format!("read it with get_webhook {id}")),
        noun: Some(Noun::Webhooks),
        collection: Collection::Webhooks,
        id,
    };
    Ok((delete, name))
}
