//! Views in the chat: to whom they are offered, which only the request itself decides, and their documents.

use rmcp::model::{CacheScope, ClientCapabilities, ExtensionCapabilities, JsonObject, ReadResourceResult, Resource};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};

use super::instructions::instructions;
use super::{Account, Server};
use crate::apps::{EXTENSION, View, Views};
use crate::tools::Catalogue;

impl Server {
    /// Returns the extension as the server declares it, unless no view is offered to anybody.
    pub(super) fn view_extension(&self) -> ExtensionCapabilities {
        let declared = (self.views != Views::Off).then(|| (EXTENSION.to_owned(), JsonObject::new()));
        declared.into_iter().collect()
    }

    /// Returns the instructions for a client with these capabilities.
    pub(super) fn instructions(&self, client: Option<&ClientCapabilities>) -> String {
        let with_views = self.views.are_offered_to(client);
        instructions(|tool| {
            // Which tools a request over HTTP is offered is not known before it has come.
            let is_there = match &self.only {
                Some(account) => account.catalogue.get(tool).is_some(),
                None => Catalogue::toolset_of(tool).is_some(),
            };
            is_there && (with_views || !Catalogue::opens_view(tool))
        })
    }

    /// Reads the document of a view. It is the same for everybody, and old chats ask for it whatever is offered now.
    ///
    /// # Errors
    /// If there is no such view, or none at all.
    pub(super) fn read_view(&self, uri: &str) -> Result<ReadResourceResult, ErrorData> {
        if self.views == Views::Off {
            return Err(ErrorData::invalid_params(
                "this server has no views: --views off or --structured off switches them off",
                None,
            ));
        }
        let view = View::at(uri).ok_or_else(|| {
            let known: Vec<&str> = View::all().map(View::uri).collect();
            let shown: String = uri.chars().take(60).collect();
            ErrorData::invalid_params(format!("there is no view '{shown}'; there are {}", known.join(", ")), None)
        })?;
        Ok(ReadResourceResult::new(vec![view.contents(uri)]).with_cache_scope(CacheScope::Public))
    }
}

/// Whether views are offered to a request.
pub(super) fn are_offered(account: &Account, context: &RequestContext<RoleServer>) -> bool {
    account.catalogue.views().are_offered_to(context.client_capabilities().as_ref())
}

/// Returns the views that a request is offered a tool for.
pub(super) fn listed(account: &Account, context: &RequestContext<RoleServer>) -> impl Iterator<Item = Resource> {
    let with_views = are_offered(account, context);
    View::all().filter(move |view| with_views && account.catalogue.get(view.opened_by()).is_some()).map(View::resource)
}

/// Checks that a request may call a tool that opens a view, if it is one.
///
/// # Errors
/// If the tool is not offered to it.
pub(super) fn may_open(account: &Account, tool: &str, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
    if !Catalogue::opens_view(tool) || are_offered(account, context) {
        return Ok(());
    }
    let why = "the client does not say that it has views (MCP Apps); --views on offers it to every client";
    Err(ErrorData::invalid_params(format!("this server does not offer '{tool}': {why}"), None))
}
