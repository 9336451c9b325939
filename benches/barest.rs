//! The barest MCP server that rmcp allows: one tool, which passes OnceHub's reply on as it is. It keeps no limits, checks
//! nothing, resolves no names and retries nothing. The yardstick of `side_by_side`.

use rmcp::handler::server::wrapper::Parameters;
use rmcp::{ServerHandler, ServiceExt, schemars, tool, tool_handler, tool_router};

#[derive(Clone)]
struct Barest {
    http: reqwest::Client,
    url: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct ListBookings {
    limit: u32,
}

#[tool_router]
impl Barest {
    /// List bookings.
    #[tool]
    async fn list_bookings(
        &self,
        Parameters(ListBookings { limit }): Parameters<ListBookings>,
    ) -> Result<String, String> {
        let url = format!("{}/v2/bookings?limit={limit}", self.url);
        let key = std::env::var("ONCEHUB_API_KEY").unwrap_or_default();
        let reply = self.http.get(url).header("API-Key", key).send().await.map_err(|error| error.to_string())?;
        reply.text().await.map_err(|error| error.to_string())
    }
}

#[tool_handler]
impl ServerHandler for Barest {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("ONCEHUB_API_URL").unwrap_or_default();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = Barest { http: reqwest::Client::new(), url };
    server.serve(rmcp::transport::stdio_pipes()).await?.waiting().await?;
    Ok(())
}
