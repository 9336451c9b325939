//! `oncehub-mcp demo --web`: the views in the chat, in a browser, for people without a host that has them. A page of ours
//! plays the host: it talks to this process as any client over HTTP does, and to the views as any host does.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use super::{print_line, tell, until_stopped};
use crate::app::App;
use crate::apps::Views;
use crate::config::Config;
use crate::oncehub::key_in;
use crate::transport::http::{self, Door, Keys, Limits, Listener, Metrics, Page, Settings, Tokens};

/// Where the page is.
const PATH: &str = "/demo";

/// The page: a document with its style and script in it.
const PAGE: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>OnceHub in the chat</title>\n",
    "<link rel=\"icon\" href=\"data:,\">\n<style>\n",
    include_str!("page.css"),
    "</style>\n</head>\n<body>\n",
    include_str!("page.html"),
    "<script type=\"module\">\n",
    include_str!("page.js"),
    "</script>\n</body>\n</html>\n"
);

/// What the page may load: nothing but its own parts and this server. The frames inherit it, and have a stricter one.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Limits that one person does not reach.
const LIMITS: Limits = Limits {
    connections: 100,
    sessions: 10,
    sessions_per_tenant: 10,
    calls: 50,
    calls_per_tenant: 50,
    body: 1 << 20,
    idle: Duration::from_hours(1),
    client_timeout: Duration::from_secs(30),
};

/// Serves the page on the simulated account until the process is asked to stop.
pub(super) async fn run(mut config: Config, opens: bool) -> anyhow::Result<ExitCode> {
    (config.sandbox, config.views, config.calls.structured) = (true, Views::On, true);
    let token = token().context("the system's random source failed")?;
    let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).await;
    let listener = listener.context("cannot listen on this machine")?;
    // Behind the #, where no browser sends it: without it, nobody can change even a simulated account.
    let url = format!("http://{}{PATH}#{token}", listener.address()?);
    let app = App::new(config).await?;
    let settings = Settings {
        door: Door::default(),
        keys: Keys::new(true, Some(Tokens::given(&token)?), |text| key_in(text).map_err(|bad| bad.to_string()))?,
        metrics: Metrics::Closed,
        public_url: None,
        scheme: "http",
        limits: LIMITS,
        access_log: false,
        drain_delay: Duration::ZERO,
        drain: Duration::from_secs(1),
        sign_in: None,
        pages: vec![Page { path: PATH, html: PAGE, policy: POLICY }],
        shared_sessions: None,
    };
    let tenants = app.tenants()?;
    until_stopped(|stop| async move {
        print_line(&format!("The views are at {url} until Ctrl-C."));
        if opens && let Err(error) = open::that_detached(&url) {
            tell(&format!("No browser could be started ({error}): open the address yourself."));
        }
        http::serve(listener, tenants, settings, stop).await
    })
    .await
}

/// Returns a token that nobody can guess.
fn token() -> Result<String, getrandom::Error> {
    let mut secret = [0_u8; 16];
    getrandom::fill(&mut secret)?;
    Ok(secret.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
