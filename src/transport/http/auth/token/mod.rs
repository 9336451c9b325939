//! Tokens: for a code, for an older token, and their end.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::failure::{Failure, UNCACHED};
use super::form::{Form, Presented};
use super::grant::{self, Access, Code, Grant, Refresh, digest, now};
use super::metadata::{READ, WRITE};
use super::seal::Purpose;
use super::{Auth, Desk};
use crate::store::{Standing, Unavailable};
use crate::transport::http::{Backend, Caller, KeyProblem};

/// The lengths of verifiers, in characters.
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

/// Handles POST at `/token`.
pub(super) async fn token<B: Backend>(State(desk): State<Desk<B>>, request: Request) -> Response {
    match desk.tokens(request).await {
        Ok(tokens) => (UNCACHED, Json(tokens)).into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// Handles POST at `/revoke`.
pub(super) async fn revoke<B: Backend>(State(desk): State<Desk<B>>, request: Request) -> Response {
    match desk.revoked(request).await {
        Ok(()) => (StatusCode::OK, UNCACHED).into_response(),
        Err(failure) => failure.into_response(),
    }
}

impl<B: Backend> Desk<B> {
    async fn tokens(&self, request: Request) -> Result<Value, Failure> {
        let (head, body) = request.into_parts();
        let (form, client) = self.form_of_client(&head.headers, body).await?;
        if form.get("resource").is_some_and(|resource| !self.auth.is_resource(resource)) {
            return Err(Failure::invalid_target());
        }
        match form.need("grant_type")? {
            "authorization_code" => self.auth.for_code(&form, &client).await,
            "refresh_token" => {
                let refresh = self.auth.refreshing(&form, &client).await?;
                let opened = self.auth.opened(refresh.grant.clone()).map_err(Failure::invalid_grant)?;
                let still_good = async {
                    let (key, agreed) = opened;
                    // A key of the operator's is not the person's to replace.
                    if agreed.person.is_some() {
                        return Ok(());
                    }
                    self.still_good(&self.shared.settings.keys.caller(key, self.network(&head))).await
                };
                self.auth.refreshed(&form, refresh, still_good).await
            }
            _ => Err(Failure::unsupported_grant()),
        }
    }

    async fn revoked(&self, request: Request) -> Result<(), Failure> {
        let (head, body) = request.into_parts();
        let (form, client) = self.form_of_client(&head.headers, body).await?;
        let token = form.need("token")?;
        let seal = &self.auth.seal;
        let access = seal.open::<Access>(Purpose::Access, token).map(|access| access.grant);
        let grant = access.or_else(|| Some(seal.open::<Refresh>(Purpose::Refresh, token)?.grant));
        // What is no token is as good as revoked.
        match grant.filter(|grant| grant.client == client) {
            Some(grant) => Ok(self.auth.end(&grant).await?),
            None => Ok(()),
        }
    }

    /// Reads a request of a client that has shown who it is; the digest of its id.
    async fn form_of_client(&self, headers: &HeaderMap, body: Body) -> Result<(Form, String), Failure> {
        let form = Form::of_body(headers, &self.read(body).await?)?;
        let presented = Presented::read(headers, &form)?;
        self.auth.clients.authenticate(&self.auth.seal, &presented)?;
        Ok((form, digest(&presented.id)))
    }

    /// Asks OnceHub whether it still accepts a key.
    async fn still_good(&self, caller: &Caller) -> Result<(), Failure> {
        match self.shared.backend.owner(caller).await {
            Ok(_) => Ok(()),
            Err(KeyProblem::Rejected) => Err(Failure::invalid_grant(DEAD_KEY)),
            // Nobody is signed out because OnceHub cannot be asked.
            Err(KeyProblem::Busy | KeyProblem::Unknown(_)) => {
                Err(Failure::later("OnceHub does not say whether the key is still good: try again in a few seconds"))
            }
        }
    }
}

const BAD_REFRESH: &str = "the refresh token is not good, or not any more: the person has to sign in again";

const DEAD_KEY: &str = "OnceHub does not accept the key any more: the person has to sign in again";

impl Auth {
    /// Trades a code, once.
    async fn for_code(&self, form: &Form, client: &str) -> Result<Value, Failure> {
        const BAD: &str = "the code is not good, or not any more: the person has to sign in again";
        let code: Option<Code> = self.seal.open(Purpose::Code, form.need("code")?);
        let code = code.filter(|code| code.expires > now() && code.grant.client == client);
        let code = code.ok_or_else(|| Failure::invalid_grant(BAD))?;
        if form.get("redirect_uri").is_some_and(|redirect| redirect != code.redirect) {
            return Err(Failure::invalid_grant("redirect_uri is not the one that the code was sent to"));
        }
        let verifier = form.need("code_verifier")?;
        let is_verifier = VERIFIER.contains(&verifier.len())
            && bool::from(digest(verifier).as_bytes().ct_eq(code.challenge.as_bytes()));
        if !is_verifier {
            return Err(Failure::invalid_grant("code_verifier does not match the code_challenge"));
        }
        let grant = code.grant;
        if !self.store.open(&grant.sign_in(), now()).await? {
            self.look().await;
            return Err(Failure::invalid_grant(BAD));
        }
        self.issued(grant, 0, None)
    }

    /// Returns the refresh token of a request, unless it may not be used.
    async fn refreshing(&self, form: &Form, client: &str) -> Result<Refresh, Failure> {
        let refresh: Option<Refresh> = self.seal.open(Purpose::Refresh, form.need("refresh_token")?);
        let refresh = refresh.filter(|refresh| refresh.expires > now() && refresh.grant.client == client);
        let refresh = refresh.ok_or_else(|| Failure::invalid_grant(BAD_REFRESH))?;
        let standing = self.store.standing(&[refresh.grant.sign_in()]).await?;
        if standing == [Standing::Ended] { Err(Failure::invalid_grant(BAD_REFRESH)) } else { Ok(refresh) }
    }

    /// Trades a refresh token, once OnceHub still accepts the key.
    async fn refreshed(
        &self,
        form: &Form,
        refresh: Refresh,
        still_good: impl Future<Output = Result<(), Failure>>,
    ) -> Result<Value, Failure> {
        let may_write = !refresh.grant.read_only;
        let read_only = form.get("scope").map(|scope| narrowed(scope, may_write)).transpose()?;
        still_good.await?;
        // Only now: a token that is used up while OnceHub is away would be missed.
        if !self.store.refresh(&refresh.grant.sign_in(), refresh.turn, now()).await? {
            self.look().await;
            return Err(Failure::invalid_grant(BAD_REFRESH));
        }
        self.issued(refresh.grant, refresh.turn + 1, read_only)
    }

    /// Returns new tokens. `read_only` is what the client has asked of the access token alone.
    fn issued(&self, grant: Grant, turn: u64, read_only: Option<bool>) -> Result<Value, Failure> {
        let (now, ends) = (now(), grant.ends());
        if now >= ends {
            return Err(Failure::invalid_grant("the sign-in is too old: the person has to sign in again"));
        }
        let expires = ends.min(now + self.access.as_secs());
        let wish = read_only.unwrap_or_default();
        let reads = self.reads_only(&grant)? || wish;
        // What the map says may change before the token ends.
        let access = Access { grant: grant.clone(), reads: wish, expires };
        let refresh = Refresh { grant, turn, expires: ends.min(now + grant::REFRESH.as_secs()) };
        let scope = if reads { READ.to_owned() } else { format!("{READ} {WRITE}") };
        Ok(json!({
            "access_token": self.seal.seal(Purpose::Access, &access)?,
            "token_type": "Bearer",
            "expires_in": expires - now,
            "refresh_token": self.seal.seal(Purpose::Refresh, &refresh)?,
            "scope": scope,
        }))
    }

    /// Returns whether a grant is good for reading alone now.
    fn reads_only(&self, grant: &Grant) -> Result<bool, Failure> {
        let (_, agreed) = self.opened(grant.clone()).map_err(Failure::invalid_grant)?;
        Ok(agreed.read_only)
    }

    /// Ends a grant, with all its tokens.
    pub(super) async fn end(&self, grant: &Grant) -> Result<(), Unavailable> {
        self.store.end(&grant.sign_in(), now()).await?;
        self.look().await;
        Ok(())
    }

    /// Returns whether a grant that is in use goes on.
    pub(super) async fn goes_on(&self, grant: &Grant) -> Result<bool, Unavailable> {
        self.store.touch(&grant.sign_in(), now()).await
    }
}

/// Returns whether a client asks for reading alone; not more than it may.
fn narrowed(scope: &str, may_write: bool) -> Result<bool, Failure> {
    let asks = |wanted: &str| scope.split_whitespace().any(|scope| scope == wanted);
    match (asks(WRITE), may_write) {
        (true, false) => Err(Failure::invalid_scope()),
        (true, true) => Ok(false),
        // Scopes that nobody knows here narrow nothing.
        (false, _) => Ok(asks(READ)),
    }
}

#[cfg(test)]
mod tests;
