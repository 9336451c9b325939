//! The person's decision where a provider says who they are: first whether to go there, then whether the account is right.

use http::StatusCode;
use http::request::Parts;

use super::Provider;
use super::map::NotMapped;
use super::page::{self, You};
use super::person::Recognized;
use super::way::Errand;
use crate::transport::http::auth::authorize::Asking;
use crate::transport::http::auth::clients::Client;
use crate::transport::http::auth::consent::Confirming;
use crate::transport::http::auth::form::Form;
use crate::transport::http::auth::grant::{Grant, Held, digest, now, unguessable};
use crate::transport::http::auth::page::Page;
use crate::transport::http::auth::seal::{LONGEST, Purpose, Unsealed};
use crate::transport::http::auth::{Agreed, Auth, Desk};
use crate::transport::http::{Backend, Caller};

const CHANGED: &str =
    "The operator of this server has just changed whom it lets in, and you are not among them any more. Ask them.";

impl Auth {
    /// Returns the page that asks who wants to see their sign-ins.
    pub(in crate::transport::http::auth) fn who_page(&self, form: &str) -> Page {
        match &self.provider {
            Some(provider) => page::who(&provider.name, form),
            None => Page::who(form, None),
        }
    }

    /// Returns the page that a client's request is answered with: it asks for a key, or whether to go to the provider.
    pub(in crate::transport::http::auth) fn first_page(&self, asking: &Asking, form: &str) -> Page {
        match &self.provider {
            Some(provider) => page::ask(&provider.name, asking, form),
            None => Page::key(asking, form, false, None),
        }
    }

    /// The first step: the person goes to the provider, or does not.
    pub(in crate::transport::http::auth) async fn going(
        &self,
        provider: &Provider,
        form: &Form,
        asking: Asking,
    ) -> Result<Page, Page> {
        if form.get("decision") != Some("next") {
            return Ok(self.declined(&asking));
        }
        let read_only = asking.read_only || form.get("access") != Some("all");
        // An id may be as long as what a cookie can hold, and is not shown again.
        let client = Client { id: digest(&asking.client.id), ..asking.client };
        let asking = Asking { client, ..asking };
        self.send(provider, asking.browser.clone(), Errand::Connect { asking, read_only }).await
    }

    /// The last step, for one whom the provider has recognized.
    pub(in crate::transport::http::auth) async fn connected(
        &self,
        form: &Form,
        said: Confirming,
    ) -> Result<Page, Page> {
        if form.get("decision") != Some("yes") {
            return Ok(self.declined(&said.asking));
        }
        // The map may have changed since.
        self.opened(said.grant.clone()).map_err(|_| Page::told(StatusCode::FORBIDDEN, "Not connected", CHANGED))?;
        self.sent_back(&said.asking, said.grant).await
    }
}

/// Shows a person whom the provider has recognized who they are here, and what the client will be able to do.
pub(super) async fn recognized<B: Backend>(
    desk: &Desk<B>,
    provider: &Provider,
    asking: Asking,
    read_only: bool,
    recognized: Recognized,
    head: &Parts,
) -> Result<Page, Page> {
    let auth = &desk.auth;
    let Recognized { person, unverified } = recognized;
    let back = auth.answer(
        &asking.redirect,
        asking.state.as_deref(),
        &[("error", "access_denied"), ("error_description", "the operator of this server does not let the person in")],
    );
    let mapped = provider.mapped(&person).map_err(|reason| {
        let why = match (reason, &unverified) {
            (NotMapped::NoAddress, _) => "no verified address",
            (NotMapped::Nobody, Some(_)) => "no rule lets them in, and their address is not verified",
            (NotMapped::Nobody, None) => "no rule lets them in",
        };
        tracing::info!(subject = person.subject, why, "the map does not let somebody in");
        page::not_mapped(&provider.name, &person, unverified.as_deref(), reason, &back)
    })?;
    let agreed = Agreed {
        me: Some(mapped.me.clone()),
        zone: mapped.zone,
        read_only: read_only || mapped.read_only,
        person: Some(person.digest().into()),
    };
    let (me, reads) = (mapped.me, agreed.read_only);
    let caller = Caller { agreed: Some(agreed), ..desk.shared.settings.keys.caller(mapped.key, desk.network(head)) };
    desk.shared.backend.person(&caller).await.map_err(|(_, problem)| {
        // Who they are in OnceHub, and whose names are alike, is in no log.
        tracing::warn!(
            subject = person.subject,
            "OnceHub does not serve somebody whom the map lets in: their page says why"
        );
        page::not_in_oncehub(&me, &problem, &back)
    })?;
    let shown = person.shown().to_owned();
    let owner = auth.seal.owners(&person.owner()).into_iter().next().ok_or_else(|| Page::broken(&Unsealed))?;
    let grant = Grant {
        id: unguessable().map_err(|failed| Page::broken(&failed))?,
        owner,
        held: Held::Person(person),
        me: None,
        zone: None,
        read_only,
        client: asking.client.id.clone(),
        app: asking.client.name.clone(),
        made: now(),
    };
    let confirming = Confirming { asking, grant, account: None };
    let sealed = auth.seal.seal(Purpose::Confirming, &confirming).map_err(|failed| Page::broken(&failed))?;
    // The tokens hold no more than this.
    if sealed.len() > LONGEST {
        return Err(page::too_many_groups(&provider.name, &back));
    }
    let you = You { provider: &provider.name, shown: &shown, me: &me, reads, is_wish: read_only };
    Ok(page::you(&you, &confirming.asking, &sealed))
}
