//! What a server says in documents at well-known paths: what is protected, where people sign in, and what can be done there.

use serde_json::Value;
use url::Url;

use super::challenge::Challenge;
use super::greeting::{amiss, texts};
use super::host_and_port;
use super::unreached::Trouble;
use super::web::{Web, shortened};
use crate::cli::check::report::Report;

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const SERVER: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// What is protected, and by whom.
pub(super) struct Resource {
    pub(super) name: String,
    issuer: String,
    pub(super) scopes: Vec<String>,
}

/// Where people sign in, and what can be done there.
pub(super) struct Server {
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) registration: Option<Url>,
    /// Whether clients may be known by documents of their own.
    pub(super) takes_documents: bool,
    /// Whether clients may be without a secret.
    pub(super) takes_none: bool,
}

/// Why people cannot sign in.
pub(super) enum NoSignIn {
    /// The server does not say where.
    Unsaid,
    /// What it says cannot be used: that has been reported.
    Unusable,
}

/// Looks for what is protected at an address, in the order in which hosts do.
pub(super) async fn resource(
    report: &mut Report,
    web: &Web,
    url: &Url,
    challenge: Option<&Challenge>,
) -> Result<Resource, NoSignIn> {
    let named = challenge.and_then(|challenge| challenge.get("resource_metadata"));
    let mut places: Vec<(&str, Url)> = Vec::new();
    if let Some(named) = named {
        match Url::parse(named) {
            Ok(named) => places.push(("challenge", named)),
            Err(_) => report.bad(
                "challenge",
                &format!("its resource_metadata is not an address: {}", shortened(named)),
                "operator: write it whole, with https://",
            ),
        }
    }
    places.push(("path form", at(url, &format!("{RESOURCE}{}", url.path()))));
    places.push(("root form", at(url, RESOURCE)));
    let mut read: Vec<(&str, Url, Result<Value, Trouble>)> = Vec::new();
    for (form, place) in places {
        let earlier = read.iter().find(|(_, other, _)| *other == place).map(|(_, _, document)| document.clone());
        let document = match earlier {
            Some(document) => document,
            None => document(web, &place).await,
        };
        read.push((form, place, document));
    }
    let is_said = read.iter().any(|(_, _, document)| document.is_ok());
    let is_lost = read.iter().any(|(_, _, document)| document.as_ref().is_err_and(|trouble| trouble.is_lost));
    if named.is_none() && !is_said && !is_lost {
        return Err(NoSignIn::Unsaid);
    }
    for (form, place, failed) in &read {
        let Err(trouble) = failed else { continue };
        let trouble = trouble.clone().of(&format!("not by its {form}"));
        if *form == "challenge" {
            trouble.tell(report, "resource");
        } else {
            report.warn("resource", &trouble.finding, &passed_on(place));
        }
    }
    if let Some(challenge) = challenge.filter(|_| named.is_none()) {
        let realm = challenge.get("realm").map(shortened).unwrap_or_default();
        let finding = format!("'Bearer realm=\"{realm}\"' does not name resource_metadata, which older hosts need");
        report.warn("challenge", &finding, "operator: name it in WWW-Authenticate; proxy: pass that on");
    }
    let forms: Vec<&str> = read.iter().filter(|(_, _, document)| document.is_ok()).map(|(form, ..)| *form).collect();
    let first = read.iter().find_map(|(form, place, document)| Some((form, place, document.as_ref().ok()?)));
    let Some((form, place, document)) = first else { return Err(NoSignIn::Unusable) };
    if place.origin() != url.origin() {
        let finding = format!("the {form} leads to another origin, {}", shortened(place.as_str()));
        report.warn("resource", &finding, "operator: serve it at the server's own name; is --public-url right?");
    }
    protected(report, url, document, &forms).ok_or(NoSignIn::Unusable)
}

/// Reads what is protected.
fn protected(report: &mut Report, url: &Url, document: &Value, forms: &[&str]) -> Option<Resource> {
    let name = document["resource"].as_str().unwrap_or_default();
    if name != url.as_str() {
        let finding = format!("it calls itself '{}', and hosts compare that to the letter", shortened(name));
        let hint = format!(
            "operator: --public-url has to be what people type, here for {url}; you: is that what it is called?"
        );
        report.bad("resource", &finding, &hint);
        return None;
    }
    let servers = texts(document, "authorization_servers");
    let Some(issuer) = servers.first() else {
        report.bad(
            "resource", "authorization_servers names nobody to sign in at",
            "operator: name the server that people sign in at",
        );
        return None;
    };
    let of =
        if servers.len() > 1 { format!(", the first of {}, which hosts take", servers.len()) } else { String::new() };
    let finding = format!("{name}, by {}; people sign in at {}{of}", forms.join(", "), shortened(issuer));
    report.fine("resource", &finding);
    Some(Resource { name: name.to_owned(), issuer: issuer.clone(), scopes: texts(document, "scopes_supported") })
}

/// Looks for what can be done where people sign in.
pub(super) async fn server(report: &mut Report, web: &Web, url: &Url, resource: &Resource) -> Option<Server> {
    let issuer = &resource.issuer;
    let parsed = Url::parse(issuer).ok().filter(|parsed| parsed.query().is_none() && parsed.fragment().is_none());
    let Some(parsed) = parsed.filter(|parsed| parsed.scheme() == "https" || parsed.scheme() == url.scheme()) else {
        let finding = format!("'{}' is not an https address at which people can sign in", shortened(issuer));
        report.bad("server", &finding, "operator: --public-url has to be the https address that people type");
        return None;
    };
    let path = parsed.path().trim_end_matches('/');
    let mut places = vec![at(&parsed, &format!("{SERVER}{path}")), at(&parsed, &format!("{OPENID}{path}"))];
    if !path.is_empty() {
        places.push(at(&parsed, &format!("{path}{OPENID}")));
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for place in places {
        match document(web, &place).await {
            Ok(document) => found.push(document),
            Err(trouble) => missing.push((place, trouble)),
        }
    }
    let Some(document) = found.into_iter().next() else {
        missing.iter().for_each(|(_, trouble)| trouble.tell(report, "server"));
        return None;
    };
    // One is enough for hosts that try both, but not for those that know only this one.
    for (other, trouble) in missing.iter().filter(|(other, _)| other.path().starts_with(SERVER)) {
        report.warn("server", &trouble.finding, &passed_on(other));
    }
    let named = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    if named != issuer {
        let finding =
            format!("its metadata is that of '{}', not of {}: hosts reject it", shortened(named), shortened(issuer));
        let hint = "operator: issuer and authorization_servers have to be the same text, slash at the end included";
        report.bad("server", &finding, hint);
        return None;
    }
    able(report, &parsed, &document)
}

/// Reads what a server can do.
fn able(report: &mut Report, parsed: &Url, document: &Value) -> Option<Server> {
    let authorization = endpoint(report, parsed, document, "authorization_endpoint");
    let token = endpoint(report, parsed, document, "token_endpoint");
    let registration = match document.get("registration_endpoint") {
        None | Some(Value::Null) => None,
        Some(_) => endpoint(report, parsed, document, "registration_endpoint"),
    };
    let has = |member: &str, text: &str| texts(document, member).iter().any(|other| other == text);
    let is_given = |member: &str| document.get(member).is_some_and(Value::is_array);
    let flag = |member: &str| document[member] == true;
    let mut is_usable = true;
    if !has("code_challenge_methods_supported", "S256") {
        let finding = "it does not say that it takes PKCE with S256, and hosts refuse to sign in without";
        report.bad("server", finding, "operator: code_challenge_methods_supported has to have S256");
        is_usable = false;
    }
    if is_given("response_types_supported") && !has("response_types_supported", "code") {
        report.bad("server", "it hands out no codes", "operator: response_types_supported has to have code");
        is_usable = false;
    }
    let server = Server {
        authorization: authorization?,
        token: token?,
        registration,
        takes_documents: flag("client_id_metadata_document_supported"),
        takes_none: has("token_endpoint_auth_methods_supported", "none"),
    };
    if !is_usable {
        return None;
    }
    let mut can = vec!["S256"];
    if flag("authorization_response_iss_parameter_supported") {
        can.push("iss");
    } else {
        let finding =
            "it does not say who answers (iss): ChatGPT then has an id for each connector, and hosts may insist later";
        report.warn("server", finding, "operator: send iss, and authorization_response_iss_parameter_supported");
    }
    if server.takes_documents && !server.takes_none {
        let finding = "it takes clients' documents, but none without a secret: Claude then registers instead";
        report.warn("server", finding, "operator: token_endpoint_auth_methods_supported has to have none");
    } else if server.takes_documents {
        can.push("clients' documents");
    }
    if is_given("grant_types_supported") && !has("grant_types_supported", "refresh_token") {
        let finding = "it renews no tokens: people sign in again whenever one has expired";
        report.warn("server", finding, "operator: grant_types_supported has to have refresh_token");
    } else {
        can.push("refresh tokens");
    }
    let scopes = shortened(&texts(document, "scopes_supported").join(" "));
    let scopes = if scopes.is_empty() { "no scopes".to_owned() } else { format!("scopes {scopes}") };
    report.fine("server", &format!("{}; {scopes}", can.join(", ")));
    Some(server)
}

/// Reads the address of an endpoint.
fn endpoint(report: &mut Report, issuer: &Url, document: &Value, member: &str) -> Option<Url> {
    let given = document[member].as_str().unwrap_or_default();
    let Some(url) = Url::parse(given).ok().filter(|url| url.scheme() == "https" || url.scheme() == issuer.scheme())
    else {
        let finding = format!("its {member} is not an https address: '{}'", shortened(given));
        report.bad("server", &finding, "operator: write it whole; is --public-url right?");
        return None;
    };
    if url.origin() != issuer.origin() {
        let finding = format!("its {member} is at another origin, {}", shortened(url.as_str()));
        report.warn("server", &finding, "operator: is that meant? Hosts go there");
    }
    Some(url)
}

/// Fetches a document, or says why there is none, and what to do about it.
async fn document(web: &Web, place: &Url) -> Result<Value, Trouble> {
    let answer = match web.get(place, "application/json").await {
        Ok(answer) => answer,
        Err(unreached) => return Err(unreached.told(&host_and_port(place))),
    };
    if answer.is_too_large {
        let finding = format!("{} is larger than 64 KiB", shortened(place.as_str()));
        return Err(Trouble::new(finding, "operator: hosts do not read that much"));
    }
    match answer.object().filter(|_| answer.status == 200) {
        Some(document) => Ok(document),
        None => {
            let kind = if answer.status == 200 { ", which is no JSON object" } else { "" };
            Err(amiss(&answer, place).and(kind))
        }
    }
}

fn passed_on(place: &Url) -> String {
    format!("proxy: pass {} on as it is", shortened(place.path()))
}

/// Returns the address of a path at an origin.
fn at(url: &Url, path: &str) -> Url {
    let mut place = url.clone();
    place.set_path(path);
    place
}
