//! The pages that a person sees. They need no script, load nothing, and are in no cache.

use axum::response::{IntoResponse, Response};
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};

use super::authorize::Asking;
use super::clients::Standing;
use super::consent::Confirming;
use super::failure::UNCACHED;
use super::seal::{Purpose, Unsealed};
use super::{Field, known, redirect};
use crate::transport::http::page::escaped;
use crate::transport::http::trail::Refused;

const SHELL: &str = include_str!("pages/shell.html");
const ASK: &str = include_str!("pages/ask.html");
const KEY: &str = include_str!("pages/key.html");
const ACCOUNT: &str = include_str!("pages/account.html");
const LEAVE: &str = include_str!("pages/leave.html");

/// Nothing may be loaded, and forms go to this server only. Where they lead from there is a page of its own: browsers
/// would hold a redirect to the same rule, and hosts redirect on.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) html: String,
    cookie: Option<String>,
    /// Whether it leads away from here: where to is nobody else's business.
    leaves: bool,
}

/// What a person has filled in.
pub(super) struct Filled<'a> {
    pub(super) me: &'a str,
    pub(super) zone: &'a str,
}

/// What is wrong with it, and in which field.
pub(super) type Wrong<'a> = (Field, &'a str);

/// What the first page asks a person for.
pub(super) struct Ask<'a> {
    /// What the client is to be connected to.
    pub(super) what: &'static str,
    /// What the person may choose that it may do, unless it asks to read only, and whether they have chosen that it reads.
    pub(super) all: &'static str,
    pub(super) reads: bool,
    /// How they show who they are.
    pub(super) proof: String,
    /// What the button says with which they go on.
    pub(super) next: &'a str,
    pub(super) problem: Option<&'a str>,
}

/// What stands for a mark of a page.
pub(super) enum Part<'a> {
    Text(&'a str),
    /// Written here.
    Html(&'static str),
    /// Made of the other two.
    Made(String),
}

use Part::{Html, Made, Text};

impl Page {
    pub(super) fn new(title: &str, content: String) -> Self {
        let html = fill(SHELL, &[("title", Text(title)), ("content", Made(content)), ("version", Text(VERSION))]);
        Self { status: StatusCode::OK, html, cookie: None, leaves: false }
    }

    /// Returns a page with a form. Who hears pages read to them learns first that something was wrong with it.
    pub(super) fn asking(title: &str, problem: Option<&str>, content: String) -> Self {
        match problem {
            Some(_) => Self::new(&format!("Error: {title}"), content),
            None => Self::new(title, content),
        }
    }

    /// Returns the page that says who asks, and for what. `form` is what it sends back.
    pub(super) fn ask(asking: &Asking, form: &str, ask: Ask<'_>) -> Self {
        let Ask { what, all, reads, proof, next, problem } = ask;
        let content = fill(
            ASK,
            &[
                ("what", Html(what)),
                ("client", Text(&asking.client.name)),
                ("host", Text(&redirect::shown(&asking.redirect))),
                ("id", Text(known_by(&asking.client.id))),
                ("warning", Made(warning(asking))),
                ("access", if asking.read_only { Html(READS) } else { Made(choice(all, reads)) }),
                ("proof", Made(proof)),
                ("next", Text(next)),
                ("form", Text(form)),
            ],
        );
        Self::asking("Connect to OnceHub", problem, content)
    }

    /// Returns the page that asks for a key.
    pub(super) fn key(asking: &Asking, form: &str, reads: bool, problem: Option<&str>) -> Self {
        let proof = fill(
            KEY,
            &[
                ("problem", Made(told(problem))),
                ("described", Html(described(problem, "where problem", "where"))),
                ("invalid", Html(invalid(problem.is_some()))),
            ],
        );
        let (what, next) = ("your OnceHub account", "Continue");
        Self::ask(asking, form, Ask { what, all: ALL, reads, proof, next, problem })
    }

    /// Returns the page that asks whether the account is the right one.
    pub(super) fn account(said: &Confirming, form: &str, filled: &Filled<'_>, wrong: Option<Wrong<'_>>) -> Self {
        let (field, problem) = wrong.unzip();
        let of = |one: Field| problem.filter(|_| field == Some(one));
        let account = match &said.account {
            Some(account) => fill("the account of <strong>{{account}}</strong>", &[("account", Text(account))]),
            None => "an account that OnceHub does not name".to_owned(),
        };
        let rights = if said.grant.read_only { "read, and change nothing" } else { "read and change what is in it" };
        let content = fill(
            ACCOUNT,
            &[
                ("client", Text(&said.asking.client.name)),
                ("host", Text(&redirect::shown(&said.asking.redirect))),
                ("account", Made(account)),
                ("rights", Text(rights)),
                ("me_problem", Made(told(of(Field::Me)))),
                ("me_described", Html(described(of(Field::Me), "who problem", "who"))),
                ("me_invalid", Html(invalid(field == Some(Field::Me)))),
                ("zone_problem", Made(told(of(Field::Zone)))),
                ("zone_described", Html(described(of(Field::Zone), "when problem", "when"))),
                ("zone_invalid", Html(invalid(field == Some(Field::Zone)))),
                ("me", Text(filled.me)),
                ("zone", Text(filled.zone)),
                ("form", Text(form)),
            ],
        );
        Self::asking("Is this the right account?", problem, content)
    }

    /// Returns the page that sends the person back to the client.
    pub(super) fn leave(client: &str, title: &str, to: &str) -> Self {
        let content = fill(LEAVE, &[("title", Text(title)), ("client", Text(client)), ("to", Text(to))]);
        Self { leaves: true, ..Self::new(title, content) }
    }

    /// Returns the page for a client that asks for something wrong. It offers the way back, and goes nowhere by itself.
    pub(super) fn not_asked(reason: &str, back: Option<&str>) -> Self {
        let link = back.map(|to| fill("<p><a href=\"{{to}}\">Back to the app</a></p>", &[("to", Text(to))]));
        let content = fill(
            "<h1>This app cannot be connected</h1><p>The reason: {{reason}}.</p>{{link}}",
            &[("reason", Text(reason)), ("link", Made(link.unwrap_or_default()))],
        );
        Self { status: StatusCode::BAD_REQUEST, leaves: true, ..Self::new("This app cannot be connected", content) }
    }

    /// Returns a page that says something.
    pub(super) fn told(status: StatusCode, title: &str, reason: &str) -> Self {
        let content = fill("<h1>{{title}}</h1><p>{{reason}}</p>", &[("title", Text(title)), ("reason", Text(reason))]);
        Self { status, ..Self::new(title, content) }
    }

    /// Returns the page for a form that is too old, another browser's, or already used.
    pub(super) fn too_old() -> Self {
        let reason = "The page was open for more than ten minutes, has been used already, or was opened in another browser. \
            Connect again from your assistant.";
        Self::told(StatusCode::BAD_REQUEST, "Start again", reason)
    }

    /// Returns the page for a failure of this server.
    pub(super) fn broken(failed: &Unsealed) -> Self {
        Self::told(StatusCode::INTERNAL_SERVER_ERROR, "That did not work", &failed.to_string())
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Returns the same page, as one that leads away.
    pub(super) fn leaving(self) -> Self {
        Self { leaves: true, ..self }
    }

    pub(super) fn with_cookie(self, cookie: &str) -> Self {
        Self { cookie: Some(cookie.to_owned()), ..self }
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What every page says of an app. Also a known one may have been started by somebody else, who has sent a link.
const KNOWN: &str = "<p class=\"known\">This is the address of <strong>{{name}}</strong>. Go on only if you have just started \
    this there yourself.</p>";

const SHARED: &str = "<p class=\"warning\">This is an address of <strong>{{name}}</strong>, where others can set up connections, \
    too. <strong>Which one asks here is not known.</strong> Go on only if you have just started this there yourself.</p>";

const LOCAL: &str = "<p class=\"warning\"><strong>An app on this computer</strong> asks, and its name cannot be checked. Go on \
    only if you have just started this there yourself.</p>";

const UNKNOWN: &str = "<p class=\"warning\"><strong>This server does not know the app.</strong> Those who run \
    <strong>{{host}}</strong> will be able to use your OnceHub account. Go on only if you have just started this there yourself: \
    if somebody sent you here, stop.</p>";

const READS: &str = "<p>It asks to <strong>read only</strong>: it can change nothing.</p>";

const CHOICE: &str = "<fieldset><legend>What may it do?</legend>\
    <label><input type=\"radio\" name=\"access\" value=\"all\"{{all}}> {{words}}</label>\
    <label><input type=\"radio\" name=\"access\" value=\"read\"{{read}}> Read only</label></fieldset>";

/// All that a client may be let do with a key.
const ALL: &str = "Read and change: find, book, move and cancel meetings, and everything else that the key can";

/// Returns what is known of who asks.
fn warning(asking: &Asking) -> String {
    match asking.client.standing {
        Standing::Trusted => {
            let name = known::host_of(&asking.redirect).unwrap_or("an app that the operator has set up");
            fill(KNOWN, &[("name", Text(name))])
        }
        Standing::Shared => {
            let host = redirect::shown(&asking.redirect);
            let name = known::host_of(&asking.redirect).unwrap_or(&host);
            fill(SHARED, &[("name", Text(name)), ("host", Text(&host))])
        }
        Standing::Local => LOCAL.to_owned(),
        Standing::Unknown => fill(UNKNOWN, &[("host", Text(&redirect::shown(&asking.redirect)))]),
    }
}

/// Returns the choice between `words` and reading, as it was made.
fn choice(words: &'static str, reads: bool) -> String {
    let (all, read) = if reads { ("", " checked") } else { (" checked", "") };
    fill(CHOICE, &[("words", Html(words)), ("all", Html(all)), ("read", Html(read))])
}

pub(super) fn told(problem: Option<&str>) -> String {
    let told = |problem| {
        fill("<p class=\"problem\" id=\"problem\" role=\"alert\">{{problem}}</p>", &[("problem", Text(problem))])
    };
    problem.map(told).unwrap_or_default()
}

/// Returns what describes a field: with a problem, if there is one.
pub(super) fn described(problem: Option<&str>, with: &'static str, without: &'static str) -> &'static str {
    if problem.is_some() { with } else { without }
}

/// Returns the attributes of a field that is to be filled in again: it is where to go on.
pub(super) fn invalid(is_invalid: bool) -> &'static str {
    if is_invalid { " aria-invalid=\"true\" autofocus" } else { "" }
}

/// Returns who says that this is the client.
fn known_by(id: &str) -> &str {
    match id {
        id if id.starts_with(Purpose::Client.prefix()) => "nothing: it has registered itself",
        id if id.starts_with("https://") => id,
        _ => "the operator of this server, who has set it up",
    }
}

/// Fills in the marks of a template, `{{name}}`, once: what is filled in is not looked at again.
pub(super) fn fill(template: &str, parts: &[(&str, Part<'_>)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        match parts.iter().find(|(mark, _)| *mark == name).map(|(_, part)| part) {
            Some(Text(text)) => filled.push_str(&escaped(text)),
            Some(Html(html)) => filled.push_str(html),
            Some(Made(html)) => filled.push_str(html),
            None => {}
        }
        rest = after;
    }
    filled + rest
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let referrer = if self.leaves { "no-referrer" } else { "same-origin" };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            // With none at all, browsers would not say where a form comes from.
            (REFERRER_POLICY, HeaderValue::from_static(referrer)),
        ];
        let mut response = (self.status, headers, UNCACHED, self.html).into_response();
        if let Some(cookie) = self.cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        if self.status.is_client_error() {
            let reason = "a page of sign-in: see what it says".into();
            response.extensions_mut().insert(Refused { name: "sign_in", reason, token: None });
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_escaped_and_not_filled_in_again() {
        let filled = fill("<b title=\"{{a}}\">{{b}}</b>{{c}}", &[("a", Text("\"><{{b}}")), ("b", Text("{{a}}"))]);
        assert_eq!(filled, "<b title=\"&quot;&gt;&lt;{{b}}\">{{a}}</b>");
        assert_eq!(fill("{{a", &[("a", Text("x"))]), "x");
    }
}
