//! The account that the API key belongs to.

use rmcp::{tool, tool_router};

use crate::oncehub::account::account_in;
use crate::records::{Failure, Time, clean, quoted, time};
use crate::tools::{Call, Reply, Tools, schema};

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct TestConnection {}

/// What is known of the connection.
#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Connection {
    /// OnceHub's own words
    message: String,
    /// The account's e-mail address
    account: Option<String>,
    /// Who "me" is, if set
    me: Option<String>,
    /// The zone of replies, and of times given without one
    time_zone: String,
    current_time: Time,
}

#[tool_router(router = account, vis = "pub(in crate::tools)")]
impl Tools {
    /// Check that the OnceHub API key works, and see its account, who `me` is, this server's time zone and the current
    /// time. Use it first, or when another tool such as `list_bookings` reports an authentication error.
    #[tool(title = "Test connection", annotations(read_only_hint = true),
        input_schema = schema::input::<TestConnection>(), output_schema = schema::one::<Connection>())]
    async fn test_connection(&self, mut call: Call) -> Result<Reply, Failure> {
        let TestConnection {} = call.input()?;
        let checked = call.oncehub().check().await?;
        let message = clean(checked.message.as_deref().unwrap_or("The API key is valid")).into_owned();
        let (zone, me) = (call.zone(), call.settings.me.clone());
        let text = format!(
            "OnceHub says: {}\nnow: {} ({})\nme: {}",
            quoted(&message, 300),
            time::local(call.now(), zone),
            zone.name(),
            me.as_deref().unwrap_or("not set (ONCEHUB_MCP_USER)")
        );
        let account = account_in(&message).map(str::to_owned);
        let (time_zone, current_time) = (zone.name().to_owned(), Time(call.now()));
        let connection = Connection { message, account, me, time_zone, current_time };
        Ok(Reply::new(connection, text).localised(zone))
    }
}
