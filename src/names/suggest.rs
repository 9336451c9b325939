//! Names and ids that continue what somebody has begun to type.

use std::collections::HashMap;

use futures::future::join_all;

use super::{Entries, Entry, Names, fold};
use crate::records::Noun;

impl Names {
    /// Returns the names of objects of these nouns that contain a text, as an argument takes them: first `me`, then those
    /// that begin with it.
    ///
    /// Nobody waits for a suggestion: there are none where the names are not known and cannot be read at once.
    pub async fn suggested(&self, nouns: &[Noun], typed: &str) -> Vec<String> {
        let names = self.at_once();
        let typed = fold(typed);
        let lists = join_all(nouns.iter().map(|noun| names.all_or_none(*noun))).await;
        let mut found: Vec<String> = lists.iter().flat_map(|entries| entries.suggested(&typed)).collect();
        found.sort_by_cached_key(|name| {
            let name = fold(name);
            (!name.starts_with(&typed), name)
        });
        if nouns.contains(&Noun::Users) && "me".starts_with(&typed) {
            found.insert(0, "me".to_owned());
        }
        found
    }

    /// Returns the ids of a noun's objects whose name contains a text or whose id begins with it; as
    /// [`Names::suggested`].
    pub async fn suggested_ids(&self, noun: Noun, typed: &str) -> Vec<String> {
        let entries = self.at_once().all_or_none(noun).await;
        ids_of(entries.all.iter().map(|entry| (entry.id.as_str(), entry.names())), &fold(typed))
    }

    /// Returns the ids of the newest bookings whose guest's name or address contains a text, or whose id begins with
    /// it; as [`Names::suggested`].
    pub async fn suggested_bookings(&self, typed: &str) -> Vec<String> {
        let names = self.at_once();
        let recent = names.directory.recent(&names.oncehub).await.unwrap_or_default();
        ids_of(recent.iter().map(|booking| (booking.id.as_str(), booking.guest.as_slice())), &fold(typed))
    }

    /// Returns the same, which neither tries again nor waits.
    fn at_once(&self) -> Self {
        Self { oncehub: self.oncehub.trying_once().without_waiting(), ..self.clone() }
    }
}

/// Returns the ids whose folded names contain a text, or which begin with it; first those that begin with it.
fn ids_of<'a>(known: impl Iterator<Item = (&'a str, &'a [String])>, typed: &str) -> Vec<String> {
    let begins = |(id, names): &(&str, &[String])| {
        fold(id).starts_with(typed) || names.iter().any(|name| name.starts_with(typed))
    };
    let contains = |(_, names): &(&str, &[String])| names.iter().any(|name| name.contains(typed));
    let (first, others): (Vec<_>, Vec<_>) = known.partition(begins);
    let others = others.into_iter().filter(contains);
    first.into_iter().chain(others).map(|(id, _)| id.to_owned()).collect()
}

impl Entries {
    /// Returns the names that contain a folded text. Where several share a name, it is the address or the id instead.
    fn suggested(&self, typed: &str) -> Vec<String> {
        let mut bearers: HashMap<String, usize> = HashMap::new();
        self.all.iter().for_each(|entry| *bearers.entry(fold(&entry.name)).or_default() += 1);
        let is_shared = |name: &str| bearers.get(&fold(name)).is_some_and(|bearers| *bearers > 1);
        let has_address = |entry: &Entry| entry.email.as_deref().is_some_and(|email| fold(email).starts_with(typed));
        let is_meant = |entry: &&Entry| entry.is_called_like(typed) || has_address(entry);
        let name = |entry: &Entry| match &entry.email {
            _ if !is_shared(&entry.name) => entry.name.clone(),
            Some(email) => email.clone(),
            None => entry.id.clone(),
        };
        self.all.iter().filter(is_meant).map(name).collect()
    }
}
