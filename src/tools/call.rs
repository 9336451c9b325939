//! A tool call: its arguments, and the context in which it is answered.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use rmcp::ErrorData;
use rmcp::handler::server::common::FromContextPart;
use rmcp::handler::server::tool::ToolCallContext;
use tokio::time::Instant;

use super::progress::Steps;
use super::{Catalogue, Reply, Tools, arguments};
use crate::actions::ask::{Answer, Ask};
use crate::actions::{Action, Context, DefaultMe, Done, Settings, Stop, carry_out};
use crate::names::{Me, Names, Notes, Progress, Takes};
use crate::oncehub::Ledger;
use crate::records::{Failure, Kind, Moment, Noun, Record, SaidBy, Zone, time};

/// What a tool's handler receives beside its arguments.
pub(super) struct Call {
    context: Context,
    /// Arguments passed without a value, which are treated as left out.
    blank: Vec<String>,
    catalogue: Option<Arc<Catalogue>>,
}

impl Deref for Call {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl DerefMut for Call {
    fn deref_mut(&mut self) -> &mut Context {
        &mut self.context
    }
}

impl FromContextPart<ToolCallContext<'_, Tools>> for Call {
    fn from_context_part(context: &mut ToolCallContext<'_, Tools>) -> Result<Self, ErrorData> {
        let extensions = &context.request_context.extensions;
        let Some(Prepared { names, deadline }) = extensions.get::<Prepared>().cloned() else {
            return Err(ErrorData::internal_error("the call was not prepared", None));
        };
        let tools = context.service;
        let context_of_call = Context {
            names,
            settings: Arc::clone(&tools.settings),
            deadline,
            ask: extensions.get::<Arc<dyn Ask>>().cloned(),
        };
        let blank = context.arguments.iter().flatten().filter(|(_, value)| arguments::is_absent(value));
        let blank = blank.map(|(name, _)| name.clone()).collect();
        Ok(Self { context: context_of_call, blank, catalogue: extensions.get::<Arc<Catalogue>>().cloned() })
    }
}

/// In the extensions of a request: its arguments are ids, and no names are looked for.
#[derive(Clone, Copy, Debug)]
pub struct IdsAlone;

/// What a call reads OnceHub with, in its request's extensions.
#[derive(Clone)]
pub(super) struct Prepared {
    names: Names,
    deadline: Instant,
}

/// What is found out during a call, for its reply.
pub(super) struct Aside {
    /// That the zone is not what it should be, and what a part of a name was read as.
    pub(super) notes: Notes,
    /// Whether a person was asked, and agreed.
    pub(super) agreed: Arc<AtomicBool>,
}

/// A way to ask the person that notes that they are being asked, and whether they agreed.
struct Noting {
    ask: Arc<dyn Ask>,
    steps: Steps,
    agreed: Arc<AtomicBool>,
}

impl Ask for Noting {
    fn ask<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Answer> {
        async move {
            self.steps.ask(true);
            let answer = self.ask.ask(question).await;
            self.steps.ask(false);
            self.agreed.store(answer == Answer::Yes, Ordering::Relaxed);
            answer
        }
        .boxed()
    }
}

/// What a tool needs before its arguments are read.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    /// Whether it changes anything.
    pub(super) changes: bool,
    /// Whether its replies or questions show times.
    pub(super) zone: bool,
}

/// Returns what a call reads OnceHub with. Without a zone that is set, its zone is UTC until that of `me` is known.
pub(super) fn names(tools: &Tools, deadline: Instant, ledger: Ledger, changes: bool, progress: Progress) -> Names {
    Names {
        oncehub: tools.oncehub.for_call(deadline, ledger),
        directory: tools.directory.clone(),
        me: me(&tools.settings, changes),
        said_by: tools.settings.said_by,
        reader: tools.settings.reader,
        zone: tools.settings.zone.clone().unwrap_or_else(Zone::utc),
        now: (tools.settings.now)(),
        progress,
        takes: if changes { Takes::Names } else { Takes::Parts },
        notes: Notes::default(),
    }
}

impl Prepared {
    /// Gives a call what it reads OnceHub with. That has a zone, since arguments may be times without one.
    pub(super) async fn attach(context: &mut ToolCallContext<'_, Tools>, needs: Needs) -> Aside {
        let tools = context.service;
        let request = &context.request_context;
        let deadline = Instant::now() + tools.settings.timeout;
        let ledger = request.extensions.get::<Ledger>().cloned().unwrap_or_default();
        let steps = request.extensions.get::<Steps>().cloned().unwrap_or_default();
        let progress: Progress = Arc::new({
            let steps = steps.clone();
            move |done, total| steps.note(done, total)
        });
        let mut prepared = Self { names: names(tools, deadline, ledger, needs.changes, progress), deadline };
        if request.extensions.get::<IdsAlone>().is_some() {
            prepared.names.takes = Takes::Ids;
        }
        let asked = context.arguments.as_ref().and_then(|arguments| arguments.get("time_zone")?.as_str());
        let asked = asked.and_then(|zone| Zone::parse(zone).ok());
        let notes = Notes::clone(&prepared.names.notes);
        match asked {
            Some(zone) => prepared.names.zone = zone,
            None if needs.zone && tools.settings.zone.is_none() => {
                let found = zone_of_me(&prepared.names, prepared.deadline).await;
                let said_by = prepared.names.said_by;
                notes.lock().extend(found.as_ref().err().map(|failure| without_zone(failure, said_by)));
                prepared.names.zone = found.ok().flatten().unwrap_or(prepared.names.zone);
            }
            None => {}
        }
        let (extensions, agreed) = (&mut context.request_context.extensions, Arc::<AtomicBool>::default());
        if let Some(ask) = extensions.get::<Arc<dyn Ask>>().cloned() {
            extensions.insert(Arc::new(Noting { ask, steps, agreed: Arc::clone(&agreed) }) as Arc<dyn Ask>);
        }
        extensions.insert(prepared);
        Aside { notes, agreed }
    }
}

/// Looks up the time zone of `me`, in half of the time that is left: no call fails for it, and a lookup that hangs must
/// leave the call some time. `None` if there is none.
pub(super) async fn zone_of_me(names: &Names, deadline: Instant) -> Result<Option<Zone>, Arc<Failure>> {
    let half = deadline - deadline.saturating_duration_since(Instant::now()) / 2;
    let names = Names { oncehub: names.oncehub.until(half), ..names.clone() };
    let found = names.zone_of_me().await;
    found.inspect_err(|failure| tracing::debug!(kind = ?failure.kind, "the time zone of `me` is unknown"))
}

/// Returns the note on a reply whose zone would be that of `me`, if that is not known.
pub(super) fn without_zone(failure: &Failure, said_by: SaidBy) -> String {
    let why = match failure.kind {
        Kind::ConfigurationError => {
            format!("For `me`, {} does not name exactly one user (see test_connection)", said_by.name())
        }
        _ => "The time zone of `me` could not be looked up".to_owned(),
    };
    format!("{why}: times are in UTC, also those given without a zone.")
}

fn me(settings: &Settings, changes: bool) -> Me {
    match &settings.me {
        Some(me) => Me::Set(me.clone()),
        None if settings.default_me == DefaultMe::Nobody => Me::Nobody,
        None if changes => Me::OfKeyToName,
        None => Me::OfKey,
    }
}

impl Call {
    /// Reads the object of a noun that a name stands for, and tells it with the names of what it refers to.
    pub(super) async fn one<R: Record>(&self, noun: Noun, argument: &str, name: &str) -> Result<Reply, Failure> {
        let id = self.names.find(&[noun], argument, name).await?.id;
        let told = self.names.filled(self.names.read::<R>(&noun.collection().get(&id), &id).await?).await;
        Ok(Reply::new(told.fields(self.zone()), told.text(self.zone())))
    }

    /// Whether the client is offered a tool.
    pub(super) fn offers(&self, tool: &str) -> bool {
        self.catalogue.as_ref().is_none_or(|catalogue| catalogue.get(tool).is_some())
    }

    /// Returns whether this request is offered all of these.
    pub(super) fn offers_all(&self, tools: &[&str]) -> bool {
        tools.iter().all(|tool| self.offers(tool))
    }

    /// Carries out a change.
    pub(super) async fn carry_out<A: Action>(&mut self, action: &mut A) -> Result<Done, Stop> {
        carry_out(&mut self.context, action).await
    }

    /// Notes which fields of a change were passed empty: the caller may have meant to clear them.
    pub(super) fn note_blank(&self, reply: &mut Reply) {
        if !self.blank.is_empty() {
            reply.note(&format!("Left unchanged, because an empty value changes nothing: {}.", self.blank.join(", ")));
        }
    }

    /// Returns the zone of this call's replies and inputs: the one asked for, or else the server's.
    pub(super) fn zone_asked(&self, argument: &str, asked: Option<&str>) -> Result<Zone, Failure> {
        match asked {
            None => Ok(self.zone().clone()),
            Some(name) => Zone::parse(name).map_err(|error| Failure::argument(argument, error, CORRECT)),
        }
    }

    /// Parses a moment as people write it.
    pub(super) fn moment(&self, argument: &str, text: &str, zone: &Zone) -> Result<Moment, Failure> {
        time::parse(text, zone, self.now()).map_err(|error| Failure::argument(argument, error, CORRECT))
    }
}

/// What to do about a time or a zone that is not understood, or has several readings.
const CORRECT: &str = "correct it and call again; if in doubt, ask";

/// Returns a zone's name for OnceHub, which knows no offsets.
pub(super) fn name_of_zone(argument: &str, zone: &Zone, at: Timestamp) -> Result<String, Failure> {
    zone.iana(at).map_err(|error| Failure::argument(argument, error, "use an IANA zone such as Europe/London"))
}
