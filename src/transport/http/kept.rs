//! A response body with a guard that lives as long as it does.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use hyper::body::{Bytes, Frame, SizeHint};

/// A response's body, with a guard that is dropped after its last byte. It reports its length like the inner body,
/// since hyper would otherwise send even the shortest response in chunks.
pub(super) struct Kept<G> {
    body: Body,
    _guard: G,
}

/// Keeps `guard` until `body` has been sent, or cannot be.
pub(super) fn kept<G: Send + Unpin + 'static>(body: Body, guard: G) -> Body {
    Body::new(Kept { body, _guard: guard })
}

impl<G: Unpin> hyper::body::Body for Kept<G> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
