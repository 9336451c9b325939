//! Accepting connections, up to a limit.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::StatusCode;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Serving, serve};
use super::limits::Limits;
use super::network::Peer;
use super::refusal::{self, SERVER_ERROR};
use super::tls::Certificates;
use super::trail::{Refused, Trail};

/// The first byte of a TLS connection.
const HANDSHAKE: u8 = 0x16;

/// A listening socket, with or without TLS.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    certificates: Option<Certificates>,
}

/// The open connections.
pub(super) struct Connections {
    open: TaskTracker,
    stopping: CancellationToken,
}

impl Connections {
    /// Closes them, each after its in-flight response.
    pub(super) async fn shutdown(self) {
        self.stopping.cancel();
        self.open.close();
        self.open.wait().await;
    }
}

impl Listener {
    /// Listens on an address, over TLS if there are certificates. Port 0 picks a free one.
    pub async fn bind(address: SocketAddr, certificates: Option<Certificates>) -> io::Result<Self> {
        Ok(Self { tcp: TcpListener::bind(address).await?, certificates })
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Returns `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.certificates.is_some() { "https" } else { "http" }
    }

    /// Returns the certificates, if it speaks TLS.
    pub(super) fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// Serves connections until `stop` completes, and returns those that are still open.
    pub(super) async fn accept_until(
        self,
        stop: impl Future<Output = ()>,
        routes: Router,
        limits: &Limits,
    ) -> Connections {
        let room = Arc::new(Semaphore::new(limits.connections));
        let stopping = CancellationToken::new();
        let serving = Serving { routes, client_timeout: limits.client_timeout, stopping: stopping.clone() };
        let connections = Connections { open: TaskTracker::new(), stopping };
        let certificates = self.certificates;
        tokio::pin!(stop);
        let mut has_stopped = false;
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop, if !has_stopped => {
                    has_stopped = true;
                    continue;
                }
                accepted = self.tcp.accept() => accepted,
                // The system has accepted these already: closing the socket would reset them.
                () = std::future::ready(()), if has_stopped => return connections,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most likely out of file descriptors: other connections may close.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                metrics::counter!("http_requests_refused_total", "reason" => "connections").increment(1);
                if certificates.is_none() {
                    tokio::spawn(close_with(stream, address.ip(), FULL));
                } else {
                    note(&Trail::of_connection(address.ip()), FULL);
                }
                continue;
            };
            // Small responses must not wait for an acknowledgement.
            let _ = stream.set_nodelay(true);
            let (peer, certificates, serving) = (Peer(address.ip()), certificates.clone(), serving.clone());
            connections.open.spawn(async move {
                let _place = place;
                match certificates {
                    None => serve(stream, peer, serving).await,
                    // Boxed, so that connections without TLS stay small.
                    Some(certificates) => Box::pin(encrypted(stream, &certificates, peer, serving)).await,
                }
            });
        }
    }
}

/// Serves a connection over TLS.
async fn encrypted(stream: TcpStream, certificates: &Certificates, peer: Peer, serving: Serving) {
    let (client_timeout, mut first) = (serving.client_timeout, [0]);
    // A client that forgot the s in https gets a message, instead of noise.
    match tokio::time::timeout(client_timeout, stream.peek(&mut first)).await {
        Ok(Ok(1)) if first == [HANDSHAKE] => {}
        Ok(Ok(1)) => {
            metrics::counter!("http_requests_refused_total", "reason" => PLAIN.name).increment(1);
            return close_with(stream, peer.0, PLAIN).await;
        }
        _ => return,
    }
    let acceptor = TlsAcceptor::from(certificates.current());
    if let Ok(Ok(stream)) = tokio::time::timeout(client_timeout, acceptor.accept(stream)).await {
        serve(stream, peer, serving).await;
    }
}

/// Why a connection is closed before its request is read.
#[derive(Clone, Copy)]
struct Closed {
    status: StatusCode,
    /// The name it is counted under.
    name: &'static str,
    /// Further headers.
    headers: &'static str,
    reason: &'static str,
}

const FULL: Closed = Closed {
    status: StatusCode::SERVICE_UNAVAILABLE,
    name: "connections",
    headers: "retry-after: 5\r\n",
    reason: "this server has as many connections as it can take: wait 5 s",
};

const PLAIN: Closed = Closed {
    status: StatusCode::BAD_REQUEST,
    name: "not_tls",
    headers: "",
    reason: "this port speaks HTTPS only: write https in the address",
};

/// Logs that a connection is closed.
fn note(trail: &Trail, Closed { status, name, reason, .. }: Closed) {
    trail.refused("", "", status, &Refused { name, reason: reason.into(), token: None });
}

/// Says why a connection is closed, to a client that may not have sent a request yet.
async fn close_with(mut stream: TcpStream, peer: IpAddr, closed: Closed) {
    let trail = Trail::of_connection(peer);
    note(&trail, closed);
    let Closed { status, headers, reason, .. } = closed;
    let body = refusal::body(SERVER_ERROR, reason, &Value::Null).to_string();
    let (length, id) = (body.len(), &trail.id);
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n{headers}connection: close\r\n\
        content-length: {length}\r\n\r\n{body}"
    );
    let told = async {
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
}
