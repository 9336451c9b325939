//! The account that the API key belongs to.

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};
use serde_json::Map;

use super::call::Call;
use super::failure::Failure;
use super::reply::Reply;
use super::untrusted::{clean, quoted};
use super::{Tools, schema, time};
use crate::oncehub::account::account_in;

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct TestConnection {}

impl Tools {
    pub(super) fn account() -> Vec<ToolRouter<Self>> {
        vec![Self::testing()]
    }
}

#[tool_router(router = testing)]
impl Tools {
    /// Check that the OnceHub API key works, and see its account, who `me` is, this server's time zone and the time
    /// now. Use it first, or when another tool such as `list_bookings` reports an authentication error.
    #[tool(
        title = "Test connection",
        input_schema = schema::input::<TestConnection>(),
        output_schema = schema::output(&[
                ("message", "string", "OnceHub's own words"),
                ("account", "string", "The account's e-mail address"),
                ("me", "string", "Whom \"me\" means, if that is set"),
                ("time_zone", "string", "The zone of replies, and of times that are given without one"),
                ("current_time", "string", "Now, UTC"),
                ("current_time_local", "string", "Now, in time_zone"),
            ]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn test_connection(&self, mut call: Call) -> Result<Reply, Failure> {
        let TestConnection {} = call.input()?;
        let checked = call.oncehub.check().await?;
        let message = clean(checked.message.as_deref().unwrap_or("The API key is valid")).into_owned();
        let zone = &self.settings.zone;
        let mut structure = Map::new();
        structure.insert("message".into(), message.clone().into());
        structure.extend(account_in(&message).map(|account| ("account".to_owned(), account.into())));
        structure.extend(self.settings.me.as_deref().map(|me| ("me".to_owned(), me.into())));
        structure.insert("time_zone".into(), zone.name().into());
        super::reply::put_time(&mut structure, "current_time", call.now, zone);
        let me = self.settings.me.as_deref().map_or_else(|| "not set (ONCEHUB_MCP_USER)".to_owned(), str::to_owned);
        let text = format!(
            "OnceHub says: {}\nnow: {} ({})\nme: {me}",
            quoted(&message, 300),
            time::local(call.now, zone),
            zone.name()
        );
        Ok(Reply::new(structure, text))
    }
}
