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
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::network::Peer;

/// The longest request head, and the most of a response that is buffered for a slow client.
const BUFFER: usize = 64 << 10;

/// A stream over a socket.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn socket(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Serves a connection until the client closes it, is slow or silent for longer than `timeout`, or has been answered
/// after `stopping`.
pub(super) async fn serve<S: Stream>(stream: S, routes: Router, timeout: Duration, stopping: CancellationToken) {
    let peer = stream.socket().peer_addr().map(|address| Peer(address.ip())).ok();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(timeout));
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        routes.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
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
