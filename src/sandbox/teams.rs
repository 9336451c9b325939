//! `/teams`.

use serde_json::{Value, json};

use super::noun::{Filter, Noun};
use super::world::{Team, World};

impl Noun for Team {
    const NAME: &'static str = "team";
    const FILTERS: &'static [Filter<Self>] =
        &[Filter::Is("user", |team, user, world| world.user(user).is_some_and(|user| user.teams.contains(&team.id)))];

    fn state(&self) -> (&str, bool) {
        (&self.id, false)
    }

    fn show(&self, _: &World) -> Value {
        json!({"object": "team", "id": self.id, "name": self.name})
    }
}
