//! Inviting, changing and removing users.

use super::bookings::Upcoming;
use super::differences::Edit;
use super::{Action, Context, Create, Delete, Question, Seen, Subject};
use crate::names::Names;
use crate::oncehub::{Collection, Error, Id, Object, bookings, users};
use crate::records::{Failure, Noun, Told, User, quoted};

/// Returns the invitation of somebody to the account, into teams of these names.
pub fn invite(request: users::Add, teams: &[String]) -> Create<users::Add, users::All> {
    let who = quoted(&format!("{} {}", request.first_name, request.last_name), 120);
    let role = request.role_name.unwrap_or("Member");
    let teams: Vec<String> = teams.iter().map(|team| quoted(team, 60)).collect();
    let into = if teams.is_empty() { String::new() } else { format!(", into {}", teams.join(", ")) };
    let address = &request.email;
    let listing = users::All { email: Some(address.clone()) };
    let is_it = |request: &users::Add, user: &Object| {
        user.text("email").is_some_and(|known| known.eq_ignore_ascii_case(&request.email))
    };
    let question = Question::important(format!(
        "Invite {who} to the OnceHub account as {role}{into}, and e-mail them at {address}"
    ));
    let subject =
        Subject::new(format!("a user with the address {address}"), "check with list_users (email) whether they exist");
    Create::new(request, listing, is_it, question, subject).named_as(Noun::Users)
}

fn subject(id: &Id) -> Subject {
    Subject::new(format!("the user {id}"), format!("read them with get_user {id}"))
}

/// A change of a user's name, role or teams.
pub struct Update {
    request: users::Update,
    /// What changes.
    pub edit: Edit<User>,
}

impl Update {
    /// Reads the user, and creates the change.
    ///
    /// # Errors
    /// If nothing is to be changed, or the user cannot be read.
    pub async fn new(names: &Names, request: users::Update) -> Result<Self, Failure> {
        let asked = serde_json::to_value(&request).ok().and_then(|asked| asked.as_object().cloned());
        let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
            let hint = "pass first_name, last_name, role_name or teams; an empty value leaves a field unchanged";
            return Err(Failure::argument("user_id", "there is nothing to change", hint));
        };
        let before = names.read(&Collection::Users.get(&request.id), &request.id).await?;
        Ok(Self { request, edit: Edit::new(names, before, asked).await })
    }
}

impl Action for Update {
    type Request = users::Update;

    fn noun(&self) -> Option<Noun> {
        Some(Noun::Users)
    }

    fn question(&self) -> Question {
        let user = self.edit.before.described(self.request.id.as_str());
        Question::ordinary(format!("Change the user {user}: {}", self.edit.planned()))
    }

    fn request(&self) -> users::Update {
        self.request.clone()
    }

    fn subject(&self) -> Subject {
        subject(&self.request.id)
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        let now = context.oncehub().send(&Collection::Users.get(&self.request.id)).await?;
        Ok(self.edit.seen(now))
    }
}

/// The deletion of a user, and what goes with it.
pub struct Leaving {
    /// The change.
    pub delete: Delete,
    /// The user's name.
    pub name: String,
    /// The bookings that they host.
    pub upcoming: Upcoming,
    /// A sentence about the calendars that they host, with a leading space; empty when there are none.
    pub calendars: String,
}

impl Leaving {
    /// Reads the user, what they host, and which bookings they have.
    ///
    /// # Errors
    /// If the user has been deleted, or cannot be read.
    pub async fn new(context: &Context, id: Id) -> Result<Self, Failure> {
        let user: Told<User> = context.names.read_to_change(Collection::Users, &id).await?;
        let whose = bookings::All { host: Some(id.clone()), ..bookings::All::default() };
        let upcoming = Upcoming::of(context, whose).await;
        let hosted = context.names.all_or_none(Noun::Calendars).await;
        let hosted: Vec<String> = hosted.of_host(id.as_str()).map(|calendar| quoted(&calendar.name, 60)).collect();
        let calendars = if hosted.is_empty() { String::new() } else { format!(" They host {}.", hosted.join(", ")) };
        let (described, sentence) = (user.described(id.as_str()), upcoming.sentence());
        let delete = Delete {
            question: Question::important(format!("Delete the user {described} for good"))
                .and(&sentence)
                .and(&calendars),
            subject: subject(&id),
            noun: Some(Noun::Users),
            collection: Collection::Users,
            id: id.clone(),
        };
        let name = user.full_name().unwrap_or_else(|| id.to_string());
        Ok(Self { delete, name, upcoming, calendars })
    }
}
