//! Names that continue what somebody has begun to type.

use std::collections::HashMap;

use futures::future::join_all;

use super::{Entries, Names, fold};
use crate::records::Noun;

impl Names {
    /// Returns the names of objects of these nouns that contain a text, as an argument takes them, and `me` among users.
    /// Those that begin with it come first.
    ///
    /// Nobody waits for a suggestion: there are none where the names are not known and cannot be read at once.
    pub async fn suggested(&self, nouns: &[Noun], typed: &str) -> Vec<String> {
        let names = Self { oncehub: self.oncehub.without_waiting(), ..self.trying_once() };
        let typed = fold(typed);
        let lists = join_all(nouns.iter().map(|noun| names.all_or_none(*noun))).await;
        let mut found: Vec<String> = lists.iter().flat_map(|entries| entries.suggested(&typed)).collect();
        if nouns.contains(&Noun::Users) && "me".starts_with(&typed) {
            found.insert(0, "me".to_owned());
        }
        found.sort_by_cached_key(|name| !fold(name).starts_with(&typed));
        found
    }
}

impl Entries {
    /// Returns the names that contain a folded text; for what shares its name, an address or the id instead.
    fn suggested(&self, typed: &str) -> Vec<String> {
        let mut bearers: HashMap<String, usize> = HashMap::new();
        self.all.iter().for_each(|entry| *bearers.entry(fold(&entry.name)).or_default() += 1);
        let is_shared = |name: &str| bearers.get(&fold(name)).is_some_and(|bearers| *bearers > 1);
        let matching = self.all.iter().filter(|entry| entry.known_as.iter().any(|name| name.contains(typed)));
        let name = |entry: &super::Entry| match &entry.email {
            _ if !is_shared(&entry.name) => entry.name.clone(),
            Some(email) => email.clone(),
            None => entry.id.clone(),
        };
        matching.map(name).collect()
    }
}
