//! The barest MCP server that rmcp allows: one tool, which passes OnceHub's reply on as it is. It keeps no limits, checks
//! nothing, resolves no names and retries nothing. The yardstick of `side_by_side` and `over_http`.

use std::io::Write as _;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
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

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let over_http = std::env::args().any(|argument| argument == "http");
    // As our own: one thread for a host's child, several for many callers.
    let mut runtime = if over_http {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    runtime.enable_all().build()?.block_on(async {
        let url = std::env::var("ONCEHUB_API_URL").unwrap_or_default();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Barest { http: reqwest::Client::new(), url };
        if over_http {
            return serve(server).await;
        }
        server.serve(rmcp::transport::stdio_pipes()).await?.waiting().await?;
        Ok(())
    })
}

/// Streamable HTTP straight onto hyper, as rmcp sets it up by itself; the address is the first line of the output.
async fn serve(server: Barest) -> Result<(), Failure> {
    let config = StreamableHttpServerConfig::default().with_json_response(true);
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::new(LocalSessionManager::default()), config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "http://{}/mcp", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
