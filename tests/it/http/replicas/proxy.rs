//! A reverse proxy of the tests' own. It sends each request to a server that it picks at random, and one that a server does
//! not accept to another, as nginx does with `random` and Caddy with `lb_policy random`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use futures::stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use reqwest::Client;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::super::Remote;

/// What is said of one connection alone.
const OF_CONNECTION: [hyper::header::HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING];

/// A running proxy.
pub(super) struct Proxy {
    /// Its address.
    pub(super) front: Remote,
    /// The addresses of the servers behind it.
    behind: Arc<Mutex<Vec<String>>>,
    _serving: AbortOnDropHandle<()>,
}

impl Proxy {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = Remote::at(format!("http://{}", listener.local_addr().unwrap()));
        let behind = Arc::<Mutex<Vec<String>>>::default();
        // Streams have no end, and an open connection may be one of a server that has just died.
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let servers = Arc::clone(&behind);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (servers, client) = (Arc::clone(&servers), client.clone());
                let service = service_fn(move |request| {
                    let mut servers = servers.lock().clone();
                    fastrand::shuffle(&mut servers);
                    pass(client.clone(), servers, request)
                });
                // What is cut off behind it is cut off before it.
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { front, behind, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Sends requests to this server, too.
    pub(super) fn add(&self, url: &str) {
        self.behind.lock().push(url.to_owned());
    }

    /// Sends no more requests to this server.
    pub(super) fn remove(&self, url: &str) {
        self.behind.lock().retain(|known| known != url);
    }

    /// Sends requests to these servers alone.
    pub(super) fn set(&self, urls: &[&str]) {
        *self.behind.lock() = urls.iter().map(ToString::to_string).collect();
    }
}

/// Passes a request to the first of the servers that accepts it.
async fn pass(client: Client, servers: Vec<String>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (mut head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Ok(failed()) };
    let body = body.to_bytes();
    OF_CONNECTION.iter().for_each(|name| drop(head.headers.remove(name)));
    for server in servers {
        let sent = client.request(head.method.clone(), format!("{server}{}", head.uri));
        match sent.headers(head.headers.clone()).body(body.clone()).send().await {
            Ok(answer) => return Ok(passed_back(answer)),
            Err(error) if error.is_connect() => {}
            // It may have been carried out.
            Err(_) => break,
        }
    }
    Ok(failed())
}

fn passed_back(answer: reqwest::Response) -> Response<Body> {
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.extend(answer.headers().clone());
        OF_CONNECTION.iter().for_each(|name| drop(headers.remove(name)));
    }
    let pieces = stream::try_unfold(answer, |mut answer| async move {
        let piece = answer.chunk().await?;
        Ok::<_, reqwest::Error>(piece.map(|piece| (piece, answer)))
    });
    response.body(Body::from_stream(pieces)).unwrap()
}

fn failed() -> Response<Body> {
    let mut response = Response::new(Body::from("502 Bad Gateway"));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
