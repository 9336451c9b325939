//! One connection: HTTP/1.1 over a socket, with or without TLS.

use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::network::Peer;

/// The longest request head, and the most of a response that is buffered for a slow client.
const BUFFER: usize = 64 << 10;

/// What a connection is served with.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) routes: Router,
    /// How long a client may be slow or silent.
    pub(super) client_timeout: Duration,
    /// Cancelled when a connection is to be closed after its in-flight response.
    pub(super) stopping: CancellationToken,
}

/// Serves a connection until the client closes it or is too slow, or the server stops.
pub(super) async fn serve(stream: impl AsyncRead + AsyncWrite + 'static, peer: Peer, serving: Serving) {
    let Serving { routes, client_timeout, stopping } = serving;
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(client_timeout));
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        routes.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(client_timeout)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    tokio::pin!(connection);
    // An error means a client that disconnected, was too slow, or did not send HTTP.
    tokio::select! {
        _ = &mut connection => {}
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
