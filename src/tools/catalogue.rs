//! The catalogue: the sum of the nouns' routers, and the selection offered to clients.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};

use rmcp::handler::server::tool::{ToolCallContext, ToolRouter};
use rmcp::model::{CallToolRequestParams, CallToolResponse, Tool, ToolAnnotations};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::Value;

use crate::apps::{self, View, Views};
use crate::names::nearest;
use crate::records::Failure;
use crate::tools::call::{Aside, Needs, Prepared};
use crate::tools::progress::Telling;
use crate::tools::reply::{failure_of, render, stopped_by};
use crate::tools::running::Running;
use crate::tools::size::bounded;
use crate::tools::{Ledger, Schemas, Tools, arguments, plain, schema, unclaimed, views};

/// A noun's name and its tools.
type Toolset = (&'static str, fn() -> ToolRouter<Tools>);

/// Every tool, by the folder or file it is in.
const TOOLSETS: &[Toolset] = &[
    ("account", Tools::account),
    ("bookings", || {
        Tools::listing_bookings()
            + Tools::reading_bookings()
            + Tools::changing_bookings()
            + Tools::reassigning_bookings()
    }),
    ("booking_calendars", || Tools::finding_calendars() + Tools::slots() + Tools::scheduling() + Tools::links()),
    ("booking_pages", Tools::booking_pages),
    ("event_types", Tools::event_types),
    ("master_pages", || Tools::finding_master_pages() + Tools::linking_master_pages()),
    ("notifications", Tools::notifications),
    ("users", || {
        Tools::finding_users()
            + Tools::changing_users()
            + Tools::reading_availability()
            + Tools::changing_availability()
    }),
    ("teams", Tools::teams),
    ("contacts", || Tools::finding_contacts() + Tools::changing_contacts()),
    ("webhooks", || Tools::finding_webhooks() + Tools::changing_webhooks()),
    ("workflows", || {
        Tools::finding_times()
            + Tools::moving_bookings()
            + Tools::plans()
            + Tools::reporting()
            + Tools::briefing()
            + Tools::changes()
    }),
    (VIEWS, || Tools::showing_slots() + Tools::showing_bookings() + Tools::showing_availability()),
];

/// The toolset whose tools open views in the chat.
const VIEWS: &str = "views";

/// The tools of each toolset, as they are offered. They are built once: deriving their schemas is most of the work.
static TOOLS: LazyLock<Vec<(&'static str, ToolRouter<Tools>)>> = LazyLock::new(|| {
    let offered = |tools: fn() -> ToolRouter<Tools>| {
        let mut router = tools();
        for route in router.map.values_mut() {
            if let Some(description) = &mut route.attr.description {
                *description = schema::one_line(description).into();
            }
            schema::unwrap(&mut route.attr.input_schema);
            route.attr.annotations = route.attr.annotations.take().map(hints);
        }
        router
    };
    TOOLSETS.iter().map(|(toolset, tools)| (*toolset, offered(*tools))).collect()
});

/// The tools whose replies or questions show times in the zone of replies, which the others need not know. Besides those
/// whose output has such times, a question before a deletion names what is upcoming, and a view shows times however its
/// data has them. `test_connection` looks the zone up itself, once OnceHub has named the account.
static SHOWING_TIMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let shows_times = |tool: &Tool| {
        tool.name.starts_with("delete_")
            || Catalogue::opens_view(&tool.name)
            || tool.output_schema.as_deref().is_some_and(schema::has_local_times)
    };
    let tools = TOOLS.iter().flat_map(|(_, router)| router.map.values()).map(|route| &route.attr);
    tools.filter(|tool| tool.name != ALWAYS && shows_times(tool)).map(|tool| tool.name.to_string()).collect()
});

/// The names of the fields that a reply, or something in it, has to have.
static REQUIRED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let tools = TOOLS.iter().flat_map(|(_, router)| router.map.values());
    schema::required_in(tools.filter_map(|route| route.attr.output_schema.as_deref()))
});

/// One person's daily work, for a client that wants few tools.
const CORE: &[&str] = &[
    "find_times", "move_booking", "plan_changes", "carry_out_plan", "booking_report", "brief_bookings",
    "test_connection", "list_bookings", "get_booking", "cancel_booking", "request_reschedule", "reassign_booking",
    "mark_no_show", "list_booking_calendars", "get_booking_time_slots", "schedule_meeting", "create_one_time_link",
    "list_contacts", "list_users", "get_scheduling_availability", "update_scheduling_availability",
];

/// Always offered: whatever is selected, there is a way to check that it works.
const ALWAYS: &str = "test_connection";

/// A selection of tools. Exclusion beats inclusion, and read-only beats both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// Only tools that change nothing.
    pub read_only: bool,
    /// Toolsets: nouns, `core` or `all`. With `tools` empty too, everything is offered.
    pub toolsets: Vec<String>,
    /// Single tools, on top of the toolsets.
    pub tools: Vec<String>,
    /// Single tools that are not offered.
    pub exclude: Vec<String>,
}

/// A name in a selection that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("there is no {kind} '{name}'{}; choose from: {}", .nearest.as_ref().map(|near| format!(" (did you mean {near}?)")).unwrap_or_default(), .valid.join(", "))]
pub struct BadSelection {
    kind: &'static str,
    name: String,
    nearest: Option<String>,
    valid: Vec<String>,
}

/// The tools offered to clients.
#[derive(Clone)]
pub struct Catalogue {
    router: ToolRouter<Tools>,
    /// Those that open views come last.
    listed: Vec<Tool>,
    views: Views,
}

impl Catalogue {
    fn of(mut router: ToolRouter<Tools>, views: Views) -> Self {
        router.map.retain(|name, _| views != Views::Off || !Self::opens_view(name));
        let mut listed = router.list_all();
        listed.sort_by_key(|tool| Self::opens_view(&tool.name));
        Self { router, listed, views }
    }

    /// Builds the catalogue of all tools, or of those selected.
    ///
    /// # Errors
    /// A name that no toolset or tool has.
    pub fn new(selection: &Selection) -> Result<Self, BadSelection> {
        let mut router = ToolRouter::new();
        let mut chosen: BTreeSet<String> = BTreeSet::new();
        let everything = selection.toolsets.is_empty() && selection.tools.is_empty();
        let wanted =
            |toolset: &str| everything || selection.toolsets.iter().any(|name| name == toolset || name == "all");
        for (name, tools) in &*TOOLS {
            if wanted(name) {
                chosen.extend(tools.map.keys().map(ToString::to_string));
            }
            router.merge(tools.clone());
        }
        let toolsets = Self::toolsets().chain(["core", "all"]);
        check("toolset", &selection.toolsets, &toolsets.collect::<Vec<_>>())?;
        let mut names: Vec<&str> = router.map.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        check("tool", &selection.tools, &names)?;
        check("tool", &selection.exclude, &names)?;
        if selection.toolsets.iter().any(|name| name == "core") {
            chosen.extend(CORE.iter().map(ToString::to_string));
        }
        chosen.extend(selection.tools.iter().cloned());
        router.map.retain(|name, route| {
            let excluded = selection.exclude.iter().any(|excluded| excluded == name)
                || (selection.read_only && changes(&route.attr));
            name == ALWAYS || (chosen.contains(name.as_ref()) && !excluded)
        });
        Ok(Self::of(router, Views::default()))
    }

    /// Offers the tools that open views to these clients.
    #[must_use]
    pub fn showing(self, views: Views) -> Self {
        Self::of(self.router, views)
    }

    /// Writes the definitions with as much of JSON Schema, and with output schemas or without. A view shows the structure
    /// of a reply: without it there are none.
    #[must_use]
    pub fn written(mut self, schemas: Schemas, structured: bool) -> Self {
        for route in self.router.map.values_mut() {
            let tool = &mut route.attr;
            if schemas == Schemas::Plain {
                tool.input_schema = Arc::new(plain::input(&tool.input_schema));
                tool.output_schema = tool.output_schema.as_deref().map(plain::output).map(Arc::new);
            }
            tool.output_schema = tool.output_schema.take().filter(|_| structured);
        }
        Self::of(self.router, if structured { self.views } else { Views::Off })
    }

    /// Narrows this catalogue to a selection: it never gains tools.
    pub fn narrowed(&self, selection: &Selection) -> Result<Self, BadSelection> {
        let selected = Self::new(selection)?.router;
        let mut router = self.router.clone();
        router.map.retain(|name, _| selected.map.contains_key(name));
        Ok(Self::of(router, self.views))
    }

    /// Returns all definitions, sorted by name; those that open views come last.
    pub fn list(&self) -> &[Tool] {
        &self.listed
    }

    /// Returns the definitions for a client with views, or for one without. With views, the definition of each tool says
    /// whether they may call it, as hosts want to know.
    pub fn listed(&self, with_views: bool) -> Vec<Tool> {
        let mut listed = self.listed.clone();
        if with_views {
            let is_called = |tool: &Tool| View::all().any(|view| view.calls().contains(&tool.name.as_ref()));
            let others = listed.iter_mut().filter(|tool| tool.meta.is_none() && !is_called(tool));
            others.for_each(|tool| tool.meta = Some(apps::for_the_model_alone()));
        } else {
            listed.retain(|tool| !Self::opens_view(&tool.name));
        }
        listed
    }

    /// Returns to whom the tools that open views are offered.
    pub fn views(&self) -> Views {
        self.views
    }

    /// Returns one definition, if it is offered.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.router.get(name)
    }

    /// Returns the offered tool whose name is closest to `name`.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.listed.iter().map(|tool| tool.name.as_ref()))
    }

    /// Returns the toolsets, in the order of the contract.
    pub fn toolsets() -> impl Iterator<Item = &'static str> {
        TOOLSETS.iter().map(|(toolset, _)| *toolset)
    }

    /// Whether a tool opens a view.
    pub fn opens_view(name: &str) -> bool {
        Self::toolset_of(name) == Some(VIEWS)
    }

    /// Returns the toolset that a tool belongs to.
    pub fn toolset_of(name: &str) -> Option<&'static str> {
        TOOLS.iter().find(|(_, tools)| tools.has_route(name)).map(|(toolset, _)| *toolset)
    }

    /// Whether a tool's replies or questions show times in the zone of replies.
    pub(super) fn shows_times(tool: &str) -> bool {
        SHOWING_TIMES.contains(tool)
    }

    /// Whether some reply, or something in it, has to have a field of this name.
    pub(super) fn requires(field: &str) -> bool {
        REQUIRED.contains(field)
    }

    /// Returns how many tokens (of `o200k_base`) a tool's name, description and arguments take in every conversation. A
    /// test counts them: the tokenizer's tables would make up most of the binary.
    pub fn cost_of(name: &str) -> usize {
        let costs = include_str!("costs.txt").lines().filter_map(|line| line.split_once(' '));
        costs.filter(|(tool, _)| *tool == name).find_map(|(_, cost)| cost.parse().ok()).unwrap_or_default()
    }

    /// Removes what hosts add to a call's arguments, which changes from one call to the next. [`Catalogue::call`] ignores
    /// it; what tells a repeated call from another one has to do without it, too.
    pub fn leave_out_added(&self, request: &mut CallToolRequestParams) {
        if let (Some(tool), Some(arguments)) = (self.get(&request.name), &mut request.arguments) {
            arguments::leave_out_added(&tool.input_schema, arguments);
        }
    }

    /// Calls a tool. Its reply fits the output schema and does not exceed the maximum size.
    ///
    /// The call runs as its own task. When its client cancels it, or this future is dropped, it ends along with its
    /// request to OnceHub, unless a change has been sent: then it continues until the outcome is known, which is
    /// reported to the next call that concerns the same thing.
    ///
    /// # Errors
    /// A protocol error, for a tool that is not offered.
    pub async fn call(
        self: &Arc<Self>,
        tools: &Tools,
        request: CallToolRequestParams,
        mut context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let ledger = context.extensions.get::<Ledger>().cloned().unwrap_or_else(|| tools.ledger());
        context.extensions.insert(ledger.clone());
        context.extensions.insert(Arc::clone(self));
        let (name, arguments) = (request.name.clone(), request.arguments.clone().unwrap_or_default());
        let (catalogue, unclaimed, tools) = (Arc::clone(self), tools.unclaimed.clone(), tools.clone());
        let (oncehub, structured) = (tools.oncehub.clone(), tools.settings.structured);
        let most = tools.settings.max_reply.min(if Self::opens_view(&name) { views::MOST } else { usize::MAX });
        let cancelled = context.ct.clone();
        let told = Telling::of(&mut context, ledger.clone());
        let call = async move {
            tokio::select! {
                biased;
                answered = catalogue.answer(ToolCallContext::new(&tools, request, context)) => answered,
                never = told.go_on() => match never {},
            }
        };
        let mut running = Running::start(&name, oncehub.clone(), ledger, unclaimed.clone(), call);
        let ended = tokio::select! {
            () = cancelled.cancelled() => return Err(ErrorData::internal_error("the call was cancelled", None)),
            ended = running.ended() => ended,
        };
        match ended {
            Ok(Ok(CallToolResponse::Complete(mut result))) => {
                let notes = unclaimed.concerning(&oncehub, &arguments, &result).await;
                unclaimed::tell(&mut result, &notes);
                result.structured_content = result.structured_content.filter(|_| structured);
                Ok(bounded(result, most).into())
            }
            Ok(other) => other,
            // A bug in one tool must neither end the process nor leave its caller without a response.
            Err(_) => {
                tracing::error!("a tool panicked");
                Err(ErrorData::internal_error(
                    "this call failed because of a bug in the server; others still work",
                    None,
                ))
            }
        }
    }

    async fn answer(&self, mut context: ToolCallContext<'_, Tools>) -> Result<CallToolResponse, ErrorData> {
        let tool = self.get(context.name());
        let (changes, input) = (tool.is_some_and(changes), tool.map(|tool| Arc::clone(&tool.input_schema)));
        let zone = Self::shows_times(context.name());
        let ledger = context.request_context.extensions.get::<Ledger>().cloned().unwrap_or_default();
        let reader = context.service.settings.reader;
        let failed = |failure: Failure| -> CallToolResponse {
            ledger.fail(failure.label());
            render(failure.for_reader(reader), &input.clone().unwrap_or_default(), changes).into()
        };
        let Aside { notes, agreed } = Prepared::attach(&mut context, Needs { changes, zone }).await;
        let mut result = match self.router.call(context).await {
            Ok(CallToolResponse::Complete(result)) => result,
            Ok(other) => return Ok(other),
            Err(error) => return stopped_by(&error).map(failed).ok_or(error),
        };
        if result.is_error == Some(true) {
            if let Some(failure) = failure_of(&mut result) {
                return Ok(failed(failure));
            }
            // rmcp treats every `Err` as a failure; a declined change is not one.
            result.is_error = Some(false);
        }
        if let (Some(Value::Object(structure)), true) = (&mut result.structured_content, agreed.load(Ordering::Relaxed))
        {
            structure.insert("confirmed".into(), true.into());
        }
        unclaimed::tell(&mut result, &notes.lock());
        Ok(result.into())
    }
}

/// Completes a tool's hints, of which it states one: that it only reads, or else whether it changes what is there. Both
/// may be repeated, unlike what creates; and all of it happens at OnceHub.
fn hints(stated: ToolAnnotations) -> ToolAnnotations {
    let reads = stated.read_only_hint == Some(true);
    let is_destructive = stated.destructive_hint == Some(true);
    stated.read_only(reads).destructive(is_destructive).idempotent(reads || is_destructive).open_world(true)
}

/// Whether a tool changes anything.
fn changes(tool: &Tool) -> bool {
    tool.annotations.as_ref().is_none_or(|hints| hints.read_only_hint != Some(true))
}

fn check(kind: &'static str, names: &[String], valid: &[&str]) -> Result<(), BadSelection> {
    let Some(name) = names.iter().find(|name| !valid.contains(&name.as_str())) else {
        return Ok(());
    };
    let nearest = nearest(name, valid.iter().copied()).map(str::to_owned);
    Err(BadSelection { kind, name: name.clone(), nearest, valid: valid.iter().map(ToString::to_string).collect() })
}
