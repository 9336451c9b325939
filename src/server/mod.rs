//! The MCP server. It offers the catalogue and the playbooks in both eras of the protocol, puts questions to the person
//! behind the client, and counts in-flight calls so that a shutdown loses no response. It knows nothing of transports.

mod account;
mod confirm;
mod icons;
mod instructions;
mod mended;
mod outcome;
mod playbooks;
mod resources;
#[cfg(test)]
mod tests;
mod trace;
mod views;

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CompletionInfo,
    CustomRequest, CustomResult, DiscoverResult, ErrorCode, GetPromptRequestParams, GetPromptResponse,
    GetSkillRequestParams, GetSkillResult, Icon, Implementation, InitializeRequestParams, InitializeResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, Reference, ServerCapabilities,
    ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use tracing::field::Empty;

use crate::apps::Views;
use crate::playbooks::Playbook;
use crate::resources::is_record;
use crate::store::{InProcess, Records};
use crate::tools::{Catalogue, Ledger, Tools};
pub use account::{Account, Origin};
use confirm::{Confirmations, Person};
use outcome::{Outcome, Watched};

/// How long a client may cache what is offered, which only changes with a restart.
const TTL_MS: u64 = 3_600_000;

/// How long a completion may take: somebody is typing.
const COMPLETION_TIMEOUT: Duration = Duration::from_secs(3);

/// The timeout for a person's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(5);

/// The MCP server, for one account or for each request's own. Clones share their state.
#[derive(Clone)]
pub struct Server {
    /// The only account; none if every request carries its own.
    only: Option<Arc<Account>>,
    /// To whom views are offered, unless a request is offered fewer.
    views: Views,
    confirmations: Arc<Confirmations>,
    in_flight: TaskTracker,
    /// Cancelled when no more calls are accepted.
    stopping: CancellationToken,
    /// Cancelled when those in flight have to end.
    cut_off: CancellationToken,
}

impl Server {
    /// Creates a server that offers `catalogue`, carried out by `tools`.
    pub fn new(tools: Tools, catalogue: Catalogue) -> Self {
        let (tenant, views) = ("own".into(), catalogue.views());
        let catalogue = Arc::new(catalogue);
        let account = Account { tools, catalogue, tenant, origin: None, can_interrupt: true, held: None };
        Self { only: Some(Arc::new(account)), ..Self::per_request(views) }
    }

    /// Creates a server for many accounts: every request carries its [`Account`] in the extensions of its HTTP head.
    pub fn per_request(views: Views) -> Self {
        let confirmations = Arc::new(Confirmations::new(ANSWER_TIMEOUT, Arc::new(InProcess::default())));
        Self {
            only: None,
            views,
            confirmations,
            in_flight: TaskTracker::new(),
            stopping: CancellationToken::new(),
            cut_off: CancellationToken::new(),
        }
    }

    /// Returns the same server, with this timeout for a person's answer.
    #[must_use]
    pub fn with_answer_timeout(mut self, answer_timeout: Duration) -> Self {
        self.confirmations = Arc::new(self.confirmations.with_answer_timeout(answer_timeout));
        self
    }

    /// Returns the same server, which knows from `store` which questions have been answered.
    #[must_use]
    pub fn in_store(mut self, store: Arc<dyn Records>) -> Self {
        self.confirmations = Arc::new(Confirmations::new(ANSWER_TIMEOUT, store));
        self
    }

    /// Waits until no call is in flight.
    pub async fn answered(&self) {
        self.in_flight.close();
        self.in_flight.wait().await;
    }

    /// Stops accepting calls, and waits until those in flight have been answered.
    pub async fn drain(&self) {
        self.stopping.cancel();
        self.answered().await;
    }

    /// Answers the calls in flight, and ends them: each response says whether a change may have been made.
    pub fn cut_off(&self) {
        self.cut_off.cancel();
    }

    /// Calls a tool of an account, reports how that ended, and counts it as in flight.
    async fn call(
        &self,
        account: Account,
        request: CallToolRequestParams,
        mut context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if self.stopping.is_cancelled() {
            return Err(ErrorData::internal_error(
                "the server is shutting down: start it again and repeat the call",
                None,
            ));
        }
        let _in_flight = self.in_flight.token();
        // A name that a client makes up must not get into our logs and metrics.
        let tool = account.catalogue.get(&request.name).map_or("unknown".into(), |tool| tool.name.clone());
        let span = tracing::info_span!(
            "call", %tool, tenant = %account.tenant, token = Empty, request = Empty, client = Empty, app = Empty
        );
        if let Some(Origin { request, client, token }) = &account.origin {
            span.record("request", &**request).record("client", tracing::field::display(client));
            if let Some(token) = token {
                span.record("token", &**token);
            }
        }
        if let Some(app) = context.client_info() {
            span.record("app", shown(&app.name));
        }
        trace::follow(&span, &context.meta);
        let (ledger, person) = (account.tools.ledger(), Person::default());
        context.extensions.insert(ledger.clone());
        let watched = Watched::new(tool, ledger.clone(), Arc::clone(&person), span.clone());
        async {
            let cancelled = context.ct.clone();
            let answer = tokio::select! {
                answer = self.answer(&account, request, context, &person) => answer,
                () = self.cut_off.cancelled() => {
                    watched.end((Outcome::Refused, "shutdown"));
                    return Err(cut_off(&ledger));
                }
            };
            let outcome = if cancelled.is_cancelled() {
                (Outcome::Cancelled, "")
            } else {
                outcome::of(&answer, &ledger, person.lock().answer)
            };
            watched.end(outcome);
            answer
        }
        .instrument(span)
        .await
    }

    async fn answer(
        &self,
        account: &Account,
        mut request: CallToolRequestParams,
        mut context: RequestContext<RoleServer>,
        person: &Person,
    ) -> Result<CallToolResponse, ErrorData> {
        let Account { tools, catalogue, .. } = account;
        if catalogue.get(&request.name).is_none() {
            let name: String = request.name.chars().take(60).collect();
            if Catalogue::toolset_of(&name).is_some() {
                let why = if tools.are_of_signed_in() {
                    "the person has agreed to reading only, or this server's operator has switched it off; to agree to changes, they \
                     connect again in their client"
                } else {
                    "it is switched off by --read-only, --toolsets, --tools or --exclude-tools, or over HTTP by an X-MCP header"
                };
                return Err(ErrorData::invalid_params(format!("this server does not offer '{name}': {why}"), None));
            }
            let near = catalogue.nearest(&name).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
            return Err(ErrorData::invalid_params(format!("there is no tool '{name}'{near}"), None));
        }
        views::may_open(account, &request.name, &context)?;
        catalogue.leave_out_added(&mut request);
        let question = self.confirmations.attach(account, &request, &mut context, person).await?;
        Ok(question.into_response(catalogue.call(tools, request, context).await?))
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let icon = include_str!("icon.svg.uri").trim();
        let about = Implementation::new("oncehub-mcp", env!("CARGO_PKG_VERSION"))
            .with_title("OnceHub")
            .with_description(env!("CARGO_PKG_DESCRIPTION"))
            .with_website_url("https://www.oncehub.com")
            .with_icons(vec![Icon::new(icon).with_mime_type("image/svg+xml").with_sizes(vec!["any".into()])]);
        let capabilities = ServerCapabilities::builder()
            .enable_extensions_with(self.view_extension())
            .enable_tools()
            .enable_prompts()
            .enable_completions()
            .enable_resources()
            .enable_skills()
            .build();
        ServerConfig::new(capabilities).with_server_info(about).with_instructions(self.instructions(None))
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let instructions = self.instructions(Some(&request.capabilities));
        let result = self.negotiate_initialize(&request)?.with_instructions(instructions);
        context.peer.set_peer_info(request);
        Ok(result)
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let instructions = self.instructions(context.client_capabilities().as_ref());
        let about = self.get_info().with_instructions(instructions);
        Ok(DiscoverResult::from_server_info(self.supported_protocol_versions().into_owned(), about))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let account = Account::of(self.only.as_deref(), &context.extensions)?;
        let listed = account.catalogue.listed(views::are_offered(account, &context));
        let tools = icons::with_icons(listed, &context);
        Ok(ListToolsResult::with_all_items(tools).with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompts = self.playbooks(&context.extensions)?.list(Playbook::prompt);
        Ok(ListPromptsResult::with_all_items(prompts).with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let playbook = self.playbooks(&context.extensions)?.find("prompt", &request.name, Playbook::name)?;
        let filled = playbook.filled(&request.arguments.unwrap_or_default());
        filled.map(Into::into).map_err(|bad| ErrorData::invalid_params(bad.to_string(), None))
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let _in_flight = self.in_flight.token();
        let account = Account::of(self.only.as_deref(), &context.extensions)?;
        let values = match &request.r#ref {
            Reference::Prompt(prompt) => {
                self.playbooks(&context.extensions)?.completed(&prompt.name, &request.argument).await
            }
            Reference::Resource(template) => Box::pin(account.completed(&template.uri, &request.argument)).await,
            _ => Vec::new(),
        };
        Ok(CompleteResult::new(completion(values)))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut resources = self.playbooks(&context.extensions)?.list(Playbook::resource);
        resources.extend(views::listed(Account::of(self.only.as_deref(), &context.extensions)?, &context));
        Ok(ListResourcesResult::with_all_items(resources).with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let templates = Account::of(self.only.as_deref(), &context.extensions)?.listed_templates();
        Ok(ListResourceTemplatesResult::with_all_items(templates)
            .with_ttl_ms(TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let read = match request.uri.split(':').next() {
            // Boxed like a call, which it is.
            _ if is_record(&request.uri) => return Ok(Box::pin(self.read_record(&request.uri, context)).await?.into()),
            Some("ui") => self.read_view(&request.uri),
            _ => self.read_playbook(&request.uri, &context.extensions),
        };
        let data = json!({"uri": resources::shown(&request.uri)});
        let unknown = |error: ErrorData| ErrorData::resource_not_found(error.message, Some(data));
        Ok(read.map_err(unknown)?.with_ttl_ms(TTL_MS).into())
    }

    async fn list_skills(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListSkillsResult, ErrorData> {
        let skills = self.playbooks(&context.extensions)?.list(Playbook::skill);
        Ok(ListSkillsResult::with_all_items(skills).with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetSkillResult, ErrorData> {
        let playbook = self.playbooks(&context.extensions)?.find("skill", &request.uri, Playbook::uri)?;
        let skill = GetSkillResult::new(playbook.skill());
        Ok(skill.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private))
    }

    /// Handles a request that could not be parsed as one of the protocol's.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if request.method == "tools/call" {
            return self.call_mended(mended::call(request)?, context).await;
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        // rmcp only looks up parameters that are sent in headers, which none of our tools has.
        self.only.as_ref()?.catalogue.get(name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let account = Account::of(self.only.as_deref(), &context.extensions)?.clone();
        // Boxed: otherwise rmcp would keep room for a call in a session's task, for as long as that lives.
        Box::pin(self.call(account, request, context)).await
    }
}

/// Returns the response to a call that a shutdown cuts off.
fn cut_off(ledger: &Ledger) -> ErrorData {
    // From here on it sends nothing more: what is said of it stays true.
    let (outcome, words) = if ledger.abandon() {
        ("unknown", "whether its change was made is not known: look before repeating it")
    } else {
        ("not_done", "nothing was changed: repeat it in a few seconds")
    };
    let data = json!({"type": "shutdown", "outcome": outcome});
    ErrorData::internal_error(format!("the server was shut down before this call ended; {words}"), Some(data))
}

/// Returns what is offered of what an argument can become: no more than the protocol allows.
fn completion(mut values: Vec<String>) -> CompletionInfo {
    let total = u32::try_from(values.len()).ok();
    let has_more = values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_pagination(values, total, has_more).unwrap_or_default()
}

/// Returns a client's name as the log may have it.
fn shown(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(40).collect()
}
