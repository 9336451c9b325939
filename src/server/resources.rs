//! Records as resources. Reading one is a call of the tool that reads it: what holds for calls (limits, deadline, zone, log,
//! metrics, shutdown) holds for it.

use rmcp::model::{
    ArgumentInfo, CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, JsonObject, ReadResourceResult,
    ResourceContents, ResourceTemplate,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use super::{Account, COMPLETION_TIMEOUT, Server, icons};
use crate::resources::{MIME_TYPE, Template};
use crate::tools::IdsAlone;

/// How long a client may cache a record: it can change at any time.
const TTL_MS: u64 = 0;

impl Account {
    /// Returns the templates whose tools are offered.
    fn templates(&self) -> impl Iterator<Item = &'static Template> {
        Template::all().iter().filter(|template| self.catalogue.get(template.tool).is_some())
    }

    /// Returns the definitions of the templates that are offered.
    pub(super) fn listed_templates(&self) -> Vec<ResourceTemplate> {
        let listed = |template: &Template| match icons::of(template.tool) {
            Some(icon) => template.definition().with_icons(vec![icon]),
            None => template.definition(),
        };
        self.templates().map(listed).collect()
    }

    /// Returns what a variable of a template can be, given its beginning; nothing for what is not known here.
    pub(super) async fn completed(&self, uri: &str, argument: &ArgumentInfo) -> Vec<String> {
        let Some(template) = self.templates().find(|template| template.uri() == uri) else { return Vec::new() };
        template.completed(&argument.name, &argument.value, &self.tools.names(COMPLETION_TIMEOUT)).await
    }
}

impl Server {
    /// Reads the record at a URI.
    pub(super) async fn read_record(
        &self,
        uri: &str,
        mut context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResult, ErrorData> {
        let account = Account::of(self.only.as_deref(), &context.extensions)?;
        let missing = |problem: String| ErrorData::resource_not_found(problem, Some(json!({"uri": shown(uri)})));
        let (template, id) = Template::at(uri).map_err(|none| missing(none.to_string()))?;
        let Template { tool, argument, .. } = template;
        if account.catalogue.get(tool).is_none() {
            let why = format!("it is read by {tool}, which this server does not offer");
            return Err(missing(format!("the resource '{}' is not offered: {why}", shown(uri))));
        }
        // One content, since hosts show a model all that there are: the structure, which says all that the text does.
        let account = Account { tools: account.tools.with_structures(), ..account.clone() };
        let arguments = JsonObject::from_iter([((*argument).to_owned(), id.as_str().into())]);
        let call = CallToolRequestParams::new(*tool).with_arguments(arguments);
        context.extensions.insert(IdsAlone);
        let CallToolResponse::Complete(result) = self.call(account, call, context).await? else {
            return Err(ErrorData::internal_error("reading a record asked for something", None));
        };
        if result.is_error == Some(true) {
            return Err(failed(uri, result));
        }
        let record = result.structured_content.unwrap_or_default().to_string();
        let contents = ResourceContents::text(record, uri).with_mime_type(MIME_TYPE);
        let read = ReadResourceResult::new(vec![contents]);
        Ok(read.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private))
    }
}

/// Returns the failure of a call as an error of the protocol's, with all of its facts.
fn failed(uri: &str, mut result: CallToolResult) -> ErrorData {
    let text = result.content.iter().find_map(|block| block.as_text()).map(|text| text.text.clone());
    let text = text.unwrap_or_default();
    let failure = result.structured_content.as_mut().and_then(|structure| structure.get_mut("error")).map(Value::take);
    let mut data = failure.unwrap_or_else(|| json!({}));
    let is_missing = data.get("type").is_some_and(|kind| kind == "not_found");
    if let Value::Object(facts) = &mut data {
        // The caller has given a URI, and no argument.
        facts.retain(|name, _| name != "argument" && name != "param");
        facts.insert("uri".into(), shown(uri).into());
    }
    if is_missing {
        ErrorData::resource_not_found(text, Some(data))
    } else {
        ErrorData::internal_error(text, Some(data))
    }
}

/// Returns as much of a URI as an error shows.
pub(super) fn shown(uri: &str) -> String {
    uri.chars().take(200).collect()
}
