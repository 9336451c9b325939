//! Creating, changing and deleting contacts.

use serde_json::{Map, Value};

use super::bookings::Upcoming;
use super::differences::Edit;
use super::{Action, Context, Create, Delete, Question, Seen, Subject};
use crate::names::Names;
use crate::oncehub::{Collection, Error, Id, Object, bookings, contacts};
use crate::records::user::full_name;
use crate::records::{Contact, Failure, Told, quoted};

/// Returns the creation of a contact, which `known_by` tells from others: an e-mail address or a mobile phone number.
pub fn create(fields: Map<String, Value>, known_by: &str) -> Create<contacts::Create, contacts::All> {
    let text = |field: &str| fields.get(field).and_then(Value::as_str);
    let name = full_name(text("first_name"), text("last_name")).unwrap_or_default();
    let known_by = quoted(known_by, 120);
    let listing = contacts::All { email: text("email").map(str::to_owned), ..contacts::All::default() };
    let is_it = |request: &contacts::Create, contact: &Object| {
        ["email", "mobile_phone"].iter().any(|field| {
            let sent = request.fields.get(*field).and_then(Value::as_str);
            sent.is_some_and(|sent| contact.text(field).is_some_and(|known| known.eq_ignore_ascii_case(sent)))
        })
    };
    let question = Question::ordinary(format!("Add {} ({known_by}) to the contacts", quoted(&name, 80)));
    let subject = Subject::new(
        format!("a contact with {known_by}"),
        "check with list_contacts (email, or created_after today) whether it exists",
    );
    Create::new(contacts::Create { fields }, listing, is_it, question, subject)
}

fn subject(id: &Id) -> Subject {
    Subject::new(format!("the contact {id}"), format!("read it with get_contact {id}"))
}

/// A change of a contact's details.
pub struct Update {
    id: Id,
    /// What changes.
    pub edit: Edit<Contact>,
}

impl Update {
    /// Reads the contact, and creates the change of the fields that are `asked` for.
    ///
    /// # Errors
    /// If the contact has been deleted, or cannot be read.
    pub async fn new(names: &Names, id: Id, asked: Map<String, Value>) -> Result<Self, Failure> {
        let before = names.read_to_change(Collection::Contacts, &id).await?;
        Ok(Self { id, edit: Edit::new(names, before, asked).await })
    }
}

impl Action for Update {
    type Request = contacts::Update;

    fn question(&self) -> Question {
        let contact = self.edit.before.described(self.id.as_str());
        Question::ordinary(format!("Change the contact {contact}: {}", self.edit.planned()))
    }

    async fn prepare(&mut self, context: &Context, was_asked: bool) -> Result<(), Failure> {
        if was_asked {
            self.edit.before = context.names.read_to_change(Collection::Contacts, &self.id).await?;
        }
        Ok(())
    }

    fn request(&self) -> contacts::Update {
        let mut fields = self.edit.asked.clone();
        // OnceHub clears a status that is not sent: the current one is sent along to keep it.
        if let (false, Some(status)) = (fields.contains_key("status"), &self.edit.before.status) {
            fields.insert("status".into(), status.as_str().into());
        }
        contacts::Update { id: self.id.clone(), fields }
    }

    fn subject(&self) -> Subject {
        subject(&self.id)
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        let now = context.oncehub().send(&Collection::Contacts.get(&self.id)).await?;
        Ok(self.edit.seen(now))
    }
}

/// Reads the contact, and returns its deletion, its name, and its upcoming bookings.
///
/// # Errors
/// If the contact has been deleted, or cannot be read.
pub async fn delete(context: &Context, id: Id) -> Result<(Delete, String, Upcoming), Failure> {
    let contact: Told<Contact> = context.names.read_to_change(Collection::Contacts, &id).await?;
    let upcoming = Upcoming::of(context, bookings::All { contact: Some(id.clone()), ..bookings::All::default() }).await;
    let (described, sentence) = (contact.described(id.as_str()), upcoming.sentence());
    let delete = Delete {
        question: Question::important(format!("Delete the record of the contact {described} for good")).and(&sentence),
        subject: subject(&id),
        noun: None,
        collection: Collection::Contacts,
        id: id.clone(),
    };
    Ok((delete, contact.full_name().unwrap_or_else(|| id.to_string()), upcoming))
}
