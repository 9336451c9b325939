//! The transports. Each is generic over what it serves, and knows nothing of tools.

use tokio_util::sync::CancellationToken;

pub mod http;
pub mod stdio;

/// How a server is asked to end. Clones are the same request.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Cancelled to have it end once the calls in flight have been answered.
    pub asked: CancellationToken,
    /// Cancelled to have it cut those calls off, and end at once.
    pub at_once: CancellationToken,
}

impl Stop {
    /// Returns the output of a wait, or `None` if the server has to end at once.
    async fn unless_at_once<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        self.at_once.run_until_cancelled(wait).await
    }
}
