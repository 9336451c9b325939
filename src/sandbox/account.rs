//! `/test`.

use serde_json::json;

use super::request::{Answer, Reply, Request};
use super::world::World;

pub(super) fn test(world: &World, request: &Request) -> Answer {
    request.only(&[])?;
    let owner = world.account_owner().map_or("", |user| &user.email);
    Ok(Reply::ok(json!({"message": format!("The API key is valid for account: {owner}")})))
}
