//! Playbooks as prompts and as skills: which of them an account is offered, and what is said of one that it is not.

use rmcp::ErrorData;
use rmcp::model::{ArgumentInfo, CacheScope, Extensions, ReadResourceResult};

use super::{Account, COMPLETION_TIMEOUT, Server};
use crate::playbooks::Playbook;

/// The playbooks that an account is offered: those all of whose tools it is offered.
pub(super) struct Playbooks<'a> {
    account: &'a Account,
    offered: Vec<&'static Playbook>,
}

impl Server {
    /// Returns the playbooks that a request's account is offered.
    pub(super) fn playbooks<'a>(&'a self, extensions: &'a Extensions) -> Result<Playbooks<'a>, ErrorData> {
        let account = Account::of(self.only.as_deref(), extensions)?;
        let offered = Playbook::offered(|tool| account.catalogue.get(tool).is_some()).collect();
        Ok(Playbooks { account, offered })
    }

    /// Reads the playbook at a URI.
    ///
    /// # Errors
    /// If it is not offered, or there is none.
    pub(super) fn read_playbook(&self, uri: &str, extensions: &Extensions) -> Result<ReadResourceResult, ErrorData> {
        let playbook = self.playbooks(extensions)?.find("resource", uri, Playbook::uri)?;
        Ok(ReadResourceResult::new(vec![playbook.contents()]).with_cache_scope(CacheScope::Private))
    }
}

impl Playbooks<'_> {
    /// Returns what `each` makes of the playbooks.
    pub(super) fn list<T>(&self, each: impl Fn(&Playbook) -> T) -> Vec<T> {
        self.offered.iter().map(|playbook| each(playbook)).collect()
    }

    /// Returns the playbook that is called `name` where `name_of` names them.
    ///
    /// # Errors
    /// If it is not offered, or there is none.
    pub(super) fn find(
        &self,
        what: &str,
        name: &str,
        name_of: impl Fn(&Playbook) -> String,
    ) -> Result<&'static Playbook, ErrorData> {
        let is_it = |playbook: &Playbook| name_of(playbook) == name;
        if let Some(found) = self.offered.iter().find(|playbook| is_it(playbook)) {
            return Ok(found);
        }
        let shown: String = name.chars().take(60).collect();
        if let Some(hidden) = Playbook::all().iter().find(|playbook| is_it(playbook)) {
            let off: Vec<&str> = hidden.tools().filter(|tool| self.account.catalogue.get(tool).is_none()).collect();
            let why = format!("it calls {}, which this server does not offer", off.join(", "));
            return Err(ErrorData::invalid_params(format!("the {what} '{shown}' is not offered: {why}"), None));
        }
        let known = match self.list(name_of).join(", ") {
            none if none.is_empty() => "there are none".to_owned(),
            names => format!("there are {names}"),
        };
        Err(ErrorData::invalid_params(format!("there is no {what} '{shown}'; {known}"), None))
    }

    /// Returns what an argument of a prompt can be, given its beginning; nothing for what is not known here.
    pub(super) async fn completed(&self, prompt: &str, argument: &ArgumentInfo) -> Vec<String> {
        let Ok(playbook) = self.find("prompt", prompt, Playbook::name) else { return Vec::new() };
        let names = self.account.tools.names(COMPLETION_TIMEOUT);
        playbook.completed(&argument.name, &argument.value, &names).await
    }
}
