//! A session of Streamable HTTP: one way in, and the streams out. rmcp's own has a worker with six channels, each of which keeps
//! room for 32 messages: half of all the memory of a session, which mostly waits.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::Stream;
use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, GetExtensions, GetMeta, JsonRpcMessage, ProgressToken, RequestId,
    ServerJsonRpcMessage, ServerNotification,
};
use rmcp::service::OriginatingRequestId;
use rmcp::transport::Transport;
use rmcp::transport::streamable_http_server::session::ServerSseMessage;
use rmcp::transport::streamable_http_server::{SessionId, SessionManager};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;

use super::limits::Limits;
use super::sessions::new_id;

/// How many messages may wait in each direction, and how many of those sent are kept for a client that comes back.
const WAITING: usize = 16;

/// How many streams that carry nothing a client may hold open.
const SHADOWS: usize = 32;

/// How long a client that has lost a stream should wait before it comes back.
const RETRY: Duration = Duration::from_secs(3);

/// The sessions that have not ended.
pub(super) struct Manager {
    idle: Duration,
    patience: Duration,
    sessions: Mutex<HashMap<SessionId, Session>>,
}

/// Why a session does not take a message, or does not go on with a stream.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("the session has ended")]
    Ended,
    #[error("there is no such stream")]
    NoStream,
    #[error("this machine has no randomness to name a session by")]
    NoRandomness(#[from] getrandom::Error),
}

#[derive(Clone)]
struct Session {
    /// Boxed, because a channel has room for 32 of what it carries.
    to_server: mpsc::Sender<Box<ClientJsonRpcMessage>>,
    streams: Arc<Mutex<Streams>>,
}

impl Session {
    async fn deliver(&self, message: ClientJsonRpcMessage) -> Result<(), Problem> {
        self.to_server.send(Box::new(message)).await.map_err(|_| Problem::Ended)
    }
}

impl Manager {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { idle: limits.idle, patience: limits.patience, sessions: Mutex::default() }
    }

    /// Whether a session has not ended.
    pub(super) fn has(&self, id: &str) -> bool {
        lock(&self.sessions).contains_key(id)
    }

    fn session(&self, id: &SessionId) -> Result<Session, Problem> {
        lock(&self.sessions).get(id).cloned().ok_or(Problem::Ended)
    }
}

impl SessionManager for Manager {
    type Error = Problem;
    type Transport = Way;

    async fn create_session(&self) -> Result<(SessionId, Way), Problem> {
        let id = SessionId::from(new_id()?);
        let (to_server, from_client) = mpsc::channel(WAITING);
        let streams = Arc::<Mutex<Streams>>::default();
        let way = Way { from_client, streams: Arc::clone(&streams), patience: self.patience, idle: self.idle };
        lock(&self.sessions).insert(Arc::clone(&id), Session { to_server, streams });
        Ok((id, way))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Problem> {
        let session = self.session(id)?;
        let (sender, answer) = oneshot::channel();
        lock(&session.streams).first = Some(sender);
        session.deliver(message).await?;
        answer.await.map_err(|_| Problem::Ended)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Problem> {
        Ok(self.has(id))
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Problem> {
        if let Some(session) = lock(&self.sessions).remove(id) {
            lock(&session.streams).end();
        }
        Ok(())
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Problem> {
        let session = self.session(id)?;
        let events = lock(&session.streams).open(&message);
        session.deliver(message).await?;
        Ok(ReceiverStream::new(events))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Problem> {
        let session = self.session(id)?;
        if let JsonRpcMessage::Notification(notification) = &message
            && let ClientNotification::CancelledNotification(cancelled) = &notification.notification
            && let Some(request) = &cancelled.params.request_id
        {
            // It is not going to be answered.
            lock(&session.streams).requests.remove(request);
        }
        session.deliver(message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Problem> {
        self.resume(id, "0".into()).await
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Problem> {
        let session = self.session(id)?;
        let events = lock(&session.streams).resume(&last_event_id)?;
        Ok(ReceiverStream::new(events))
    }
}

/// The server's end of a session.
pub(super) struct Way {
    from_client: mpsc::Receiver<Box<ClientJsonRpcMessage>>,
    streams: Arc<Mutex<Streams>>,
    /// How long the next message may take.
    patience: Duration,
    /// How long the one after it may.
    idle: Duration,
}

impl Transport<RoleServer> for Way {
    type Error = Problem;

    fn send(&mut self, message: ServerJsonRpcMessage) -> impl Future<Output = Result<(), Problem>> + Send + 'static {
        let sent = lock(&self.streams).send(message);
        async move {
            // Whoever has gone may come back for it.
            if let Some((client, event)) = sent {
                let _ = client.send(event).await;
            }
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let message = tokio::time::timeout(self.patience, self.from_client.recv()).await.ok()??;
        self.patience = self.idle;
        Some(*message)
    }

    async fn close(&mut self) -> Result<(), Problem> {
        self.from_client.close();
        Ok(())
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        lock(&self.streams).end();
    }
}

/// Everything that leads to the client.
#[derive(Default)]
struct Streams {
    /// The answer to `initialize`.
    first: Option<oneshot::Sender<ServerJsonRpcMessage>>,
    /// Of each request that has not been answered.
    requests: HashMap<RequestId, Asked>,
    /// What belongs to no request.
    common: Events,
    /// Clients open further streams when they only mean to go on with one: those wait, with nothing to say.
    shadows: VecDeque<mpsc::Sender<ServerSseMessage>>,
    opened: u64,
}

/// A request that has not been answered.
struct Asked {
    token: Option<ProgressToken>,
    number: u64,
    events: Events,
}

/// The events of one stream.
#[derive(Default)]
struct Events {
    to_client: Option<mpsc::Sender<ServerSseMessage>>,
    kept: VecDeque<ServerSseMessage>,
    sent: usize,
}

impl Streams {
    /// A stream for a request of the client's.
    fn open(&mut self, message: &ClientJsonRpcMessage) -> mpsc::Receiver<ServerSseMessage> {
        let (to_client, events) = mpsc::channel(WAITING);
        if let JsonRpcMessage::Request(request) = message {
            let number = self.opened;
            self.opened += 1;
            let first = ServerSseMessage::priming(format!("0/{number}"), RETRY);
            let _ = to_client.try_send(first.clone());
            let events = Events { to_client: Some(to_client), kept: VecDeque::from([first]), sent: 1 };
            let token = request.request.get_meta().get_progress_token();
            self.requests.insert(request.id.clone(), Asked { token, number, events });
        }
        events
    }

    /// A stream that goes on where an earlier one broke off. The event that was seen last comes again: the first one of
    /// a stream has the same number as the hint before it.
    fn resume(&mut self, last_event_id: &str) -> Result<mpsc::Receiver<ServerSseMessage>, Problem> {
        let (last, stream) = match last_event_id.split_once('/') {
            Some((last, number)) => (last, Some(number.parse::<u64>().map_err(|_| Problem::NoStream)?)),
            None => (last_event_id, None),
        };
        let last = last.parse::<usize>().map_err(|_| Problem::NoStream)?;
        let (to_client, from_server) = mpsc::channel(WAITING);
        self.shadows.retain(|shadow| !shadow.is_closed());
        let events = match stream {
            Some(number) => {
                let asked = self.requests.values_mut().find(|asked| asked.number == number);
                &mut asked.ok_or(Problem::NoStream)?.events
            }
            None if self.common.is_open() => {
                self.shadows.truncate(SHADOWS - 1);
                self.shadows.push_front(to_client);
                return Ok(from_server);
            }
            None => &mut self.common,
        };
        let missed = events.kept.len().min((events.sent).saturating_sub(last));
        for event in events.kept.iter().skip(events.kept.len() - missed) {
            let _ = to_client.try_send(event.clone());
        }
        events.to_client = Some(to_client);
        Ok(from_server)
    }

    /// Whoever still waits for an answer learns that none will come.
    fn end(&mut self) {
        *self = Self::default();
    }

    /// Where a message goes, if there is anybody now.
    fn send(&mut self, message: ServerJsonRpcMessage) -> Option<(mpsc::Sender<ServerSseMessage>, ServerSseMessage)> {
        if let Some(first) = self.first.take() {
            let _ = first.send(message);
            return None;
        }
        let answered = match &message {
            JsonRpcMessage::Response(answer) => Some(&answer.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            _ => None,
        };
        // With its answer a stream ends.
        if let Some(mut asked) = answered.and_then(|id| self.requests.remove(id)) {
            return asked.events.send(Some(asked.number), message);
        }
        match self.about(&message) {
            Some(asked) => asked.events.send(Some(asked.number), message),
            None => self.common.send(None, message),
        }
    }

    /// The client's request that a request or a notification of the server's belongs to.
    fn about(&mut self, message: &ServerJsonRpcMessage) -> Option<&mut Asked> {
        match message {
            JsonRpcMessage::Request(request) => {
                self.requests.get_mut(&request.request.extensions().get::<OriginatingRequestId>()?.0)
            }
            JsonRpcMessage::Notification(notification) => match &notification.notification {
                ServerNotification::ProgressNotification(progress) => {
                    let token = &progress.params.progress_token;
                    self.requests.values_mut().find(|asked| asked.token.as_ref() == Some(token))
                }
                ServerNotification::CancelledNotification(cancelled) => {
                    self.requests.get_mut(cancelled.params.request_id.as_ref()?)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl Events {
    fn is_open(&self) -> bool {
        self.to_client.as_ref().is_some_and(|client| !client.is_closed())
    }

    fn send(
        &mut self,
        stream: Option<u64>,
        message: ServerJsonRpcMessage,
    ) -> Option<(mpsc::Sender<ServerSseMessage>, ServerSseMessage)> {
        let id = match stream {
            Some(number) => format!("{}/{number}", self.sent),
            None => self.sent.to_string(),
        };
        self.sent += 1;
        let event = ServerSseMessage::new(id, message);
        if self.kept.len() == WAITING {
            self.kept.pop_front();
        }
        self.kept.push_back(event.clone());
        Some((self.to_client.clone()?, event))
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use rmcp::model::NumberOrString;
    use serde_json::{Value, json};

    use super::*;

    fn from_client(message: Value) -> ClientJsonRpcMessage {
        serde_json::from_value(message).unwrap()
    }

    fn call(id: i64) -> ClientJsonRpcMessage {
        let params = json!({"name": "x", "_meta": {"progressToken": format!("token {id}")}});
        from_client(json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}))
    }

    fn progress(token: &str) -> ServerJsonRpcMessage {
        let params = json!({"progressToken": token, "progress": 1});
        serde_json::from_value(json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})).unwrap()
    }

    fn answer(id: i64) -> ServerJsonRpcMessage {
        serde_json::from_value(json!({"jsonrpc": "2.0", "id": id, "result": {}})).unwrap()
    }

    /// Sends it, and waits until it has been taken.
    fn send(streams: &mut Streams, message: ServerJsonRpcMessage) {
        if let Some((client, event)) = streams.send(message) {
            let _ = client.try_send(event);
        }
    }

    /// The numbers of the events that are there, and whether there will be more.
    fn seen(stream: &mut mpsc::Receiver<ServerSseMessage>) -> (Vec<String>, bool) {
        let mut ids = Vec::new();
        loop {
            match stream.try_recv() {
                Ok(event) => ids.push(event.event_id.unwrap()),
                Err(error) => return (ids, error == mpsc::error::TryRecvError::Empty),
            }
        }
    }

    #[test]
    fn what_belongs_to_a_request_comes_on_its_stream_which_ends_with_the_answer() {
        let mut streams = Streams::default();
        let (mut one, mut two) = (streams.open(&call(1)), streams.open(&call(2)));
        send(&mut streams, progress("token 2"));
        send(&mut streams, progress("of nobody"));
        send(&mut streams, answer(2));
        assert_eq!(seen(&mut one), (vec!["0/0".into()], true));
        assert_eq!(seen(&mut two), (vec!["0/1".into(), "1/1".into(), "2/1".into()], false));
        let mut common = streams.resume("0").unwrap();
        assert_eq!(seen(&mut common), (vec!["0".into()], true), "what nobody waits for is kept for who comes");
        streams.end();
        assert_eq!(seen(&mut one), (vec![], false));
        assert_eq!(seen(&mut common), (vec![], false));
    }

    #[test]
    fn a_client_that_has_lost_a_stream_goes_on_with_it() {
        let mut streams = Streams::default();
        drop(streams.open(&call(1)));
        for _ in 0..WAITING + 4 {
            send(&mut streams, progress("token 1"));
        }
        let mut again = streams.resume("18/0").unwrap();
        assert_eq!(seen(&mut again).0, ["18/0", "19/0", "20/0"]);
        let mut again = streams.resume("0/0").unwrap();
        assert_eq!(seen(&mut again).0.len(), WAITING, "only so many are kept");
        send(&mut streams, answer(1));
        assert_eq!(seen(&mut again), (vec!["21/0".into()], false));
        for gone in ["0/0", "0/7", "x", "1/x", ""] {
            assert!(streams.resume(gone).is_err(), "{gone}");
        }
    }

    #[test]
    fn further_streams_wait_and_take_nothing_from_the_first() {
        let mut streams = Streams::default();
        let mut first = streams.resume("0").unwrap();
        let mut others: Vec<_> = (0..=SHADOWS).map(|_| streams.resume("0").unwrap()).collect();
        send(&mut streams, progress("of nobody"));
        assert_eq!(seen(&mut first), (vec!["0".into()], true));
        assert_eq!(seen(&mut others[0]), (vec![], false), "there are too many, and this is the oldest");
        assert_eq!(seen(&mut others[1]), (vec![], true));
        drop(first);
        assert_eq!(seen(&mut streams.resume("0").unwrap()).0, ["0"]);
    }

    #[tokio::test]
    async fn a_session_ends_when_it_is_closed_and_when_nobody_speaks_in_it() {
        let wait = Duration::from_millis(20);
        let manager = Manager { idle: wait, patience: Duration::from_mins(1), sessions: Mutex::default() };
        let (id, mut way) = manager.create_session().await.unwrap();
        manager.accept_message(&id, call(1)).await.unwrap();
        let Some(JsonRpcMessage::Request(request)) = way.receive().await else { panic!("a request was sent") };
        assert_eq!(request.id, NumberOrString::Number(1));
        assert!(way.receive().await.is_none(), "it has been idle");
        manager.close_session(&id).await.unwrap();
        assert!(!manager.has(&id) && manager.accept_message(&id, call(2)).await.is_err());
    }
}
