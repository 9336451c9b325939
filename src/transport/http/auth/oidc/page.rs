//! The pages for people whom a provider recognizes, and for those whom it does not.

use http::StatusCode;

use super::map::NotMapped;
use super::person::Person;
use super::problem::Problem;
use crate::transport::http::auth::authorize::Asking;
use crate::transport::http::auth::page::Part::{Html, Text};
use crate::transport::http::auth::page::{Ask, Page, fill};
use crate::transport::http::auth::redirect;

const ASK: &str = include_str!("pages/ask.html");
const WHO: &str = include_str!("pages/who.html");
const GOING: &str = include_str!("pages/going.html");
const YOU: &str = include_str!("pages/you.html");

/// What a person is told of themselves.
pub(super) struct You<'a> {
    pub(super) provider: &'a str,
    /// What the provider calls them.
    pub(super) shown: &'a str,
    /// Who they are in OnceHub.
    pub(super) me: &'a str,
    /// Whether nothing may be changed.
    pub(super) reads: bool,
    /// Whether the client or the person has wished it so.
    pub(super) is_wish: bool,
}

/// Returns the page that asks whether to go to the provider for a client. `form` is what it sends back.
pub(super) fn ask(provider: &str, asking: &Asking, form: &str) -> Page {
    let (proof, next) = (fill(ASK, &[("provider", Text(provider))]), format!("Go on to {provider}"));
    let all = "Read and change, as far as you are let";
    Page::ask(asking, form, Ask { what: "OnceHub", all, reads: false, proof, next: &next, problem: None })
}

/// Returns the page that asks whether to go to the provider to see one's sign-ins. `form` is what it sends back.
pub(in crate::transport::http::auth) fn who(provider: &str, form: &str) -> Page {
    Page::new("Your sign-ins", fill(WHO, &[("provider", Text(provider)), ("form", Text(form))]))
}

/// Returns the page that sends a person to the provider.
pub(super) fn going(provider: &str, to: &str) -> Page {
    let content = fill(GOING, &[("provider", Text(provider)), ("host", Text(&redirect::shown(to))), ("to", Text(to))]);
    Page::new("Sign in", content).leaving()
}

/// Returns the page that says who was recognized, and asks whether to let the client in.
pub(super) fn you(you: &You<'_>, asking: &Asking, form: &str) -> Page {
    let (rights, why) = match (you.reads, you.is_wish) {
        (false, _) => ("read and change what is in OnceHub", ""),
        (true, true) => ("read, and change nothing", ""),
        (true, false) => ("read, and change nothing", "<p>This is what the operator of this server lets you do.</p>"),
    };
    let content = fill(
        YOU,
        &[
            ("shown", Text(you.shown)),
            ("provider", Text(you.provider)),
            ("me", Text(you.me)),
            ("client", Text(&asking.client.name)),
            ("host", Text(&redirect::shown(&asking.redirect))),
            ("rights", Text(rights)),
            ("why", Html(why)),
            ("form", Text(form)),
        ],
    );
    Page::new("Is this you?", content)
}

/// Returns the page for a problem between this server and the provider, which the log has in full. A client that has waited
/// for a person who was there learns at `back` that it was for nothing.
pub(super) fn failed(provider: &str, back: Option<&str>, problem: &Problem) -> Page {
    tracing::warn!(%problem, "the identity provider cannot be used");
    let (status, what, next) = match problem {
        Problem::Unreachable(_) => (
            StatusCode::BAD_GATEWAY,
            "{{provider}} does not answer this server now.",
            "Try again in a minute. If it stays so, tell the operator of this server.",
        ),
        _ => (
            StatusCode::BAD_GATEWAY,
            "{{provider}} and this server do not understand each other: {{problem}}.",
            "Start again from your assistant. If it happens again, show this page to the operator of this server.",
        ),
    };
    let what = fill(what, &[("provider", Text(provider)), ("problem", Text(&problem.to_string()))]);
    told(status, "You could not be signed in", &[what, next.to_owned()], back)
}

/// Returns the page for a person whom the provider has not let through, or who did not want to be.
pub(super) fn declined(provider: &str, back: Option<&str>) -> Page {
    let what =
        fill("{{provider}} did not sign you in, or you did not go through with it.", &[("provider", Text(provider))]);
    let next = "If you wanted to, start again from your assistant. If it does not let you in, ask the people in your company who \
        manage your account there.";
    told(StatusCode::FORBIDDEN, "You were not signed in", &[what, next.to_owned()], back)
}

/// Returns the page for a person whom the map does not let in.
pub(super) fn not_mapped(
    provider: &str,
    person: &Person,
    unverified: Option<&str>,
    reason: NotMapped,
    back: &str,
) -> Page {
    let marks = [("provider", Text(provider)), ("shown", Text(person.shown())), ("id", Text(&person.subject))];
    let (what, next) = match (unverified, reason) {
        (Some(address), _) => (
            fill(
                "{{provider}} knows you with the address {{address}}, but has not verified that it is yours. Such an address \
                 counts for nothing here.",
                &[("provider", Text(provider)), ("address", Text(address))],
            ),
            "Have it verified there (look for a message to confirm it, or ask the people in your company who manage your \
             account), then start again from your assistant. Or ask the operator of this server to let you in by your id: {{id}}",
        ),
        (None, NotMapped::NoAddress) => (
            fill("{{provider}} knows you as {{shown}}, and names no address of yours.", &marks),
            "So this server cannot tell who you are in OnceHub. Ask its operator to say so for your id: {{id}}",
        ),
        (None, NotMapped::Nobody) => (
            fill("{{provider}} knows you as {{shown}}, but this server is not open to you.", &marks),
            "Ask its operator to let you in, and give them your id: {{id}}",
        ),
    };
    told(StatusCode::FORBIDDEN, "You are not let in", &[what, fill(next, &marks)], Some(back))
}

/// Returns the page for a person who cannot be served in OnceHub as the map has it.
pub(super) fn not_in_oncehub(me: &str, problem: &str, back: &str) -> Page {
    let what = fill(
        "You are to be {{me}} in OnceHub, but that did not work: {{problem}}",
        &[("me", Text(me)), ("problem", Text(problem))],
    );
    let next = "Try again in a minute. If it stays so, show this page to the operator of this server.".to_owned();
    told(StatusCode::BAD_GATEWAY, "You could not be signed in", &[what, next], Some(back))
}

/// Returns the page for a person of whom there is more to keep than a token holds.
pub(super) fn too_many_groups(provider: &str, back: &str) -> Page {
    let what =
        fill("{{provider}} says more of you than can be kept: too many groups.", &[("provider", Text(provider))]);
    let next = "Show this page to the operator of this server: its map can be about fewer of your groups.".to_owned();
    told(StatusCode::FORBIDDEN, "You could not be signed in", &[what, next], Some(back))
}

/// Returns the page for a network from which too many made-up answers have come.
pub(super) fn too_often() -> Page {
    let reason = "Too many sign-ins from your network have failed. Try again in ten minutes.";
    Page::told(StatusCode::TOO_MANY_REQUESTS, "Not now", reason)
}

/// Returns the page for a client whose request is too long to be kept while the person is away.
pub(super) fn too_long() -> Page {
    let reason = "The app sends more with you than can be kept until you are back (its state is too long). Tell the people who make it.";
    Page::told(StatusCode::BAD_REQUEST, "This app cannot be connected", reason)
}

/// Returns a page of paragraphs, with the way back to the client. Nobody is sent there without a click of their own.
fn told(status: StatusCode, title: &str, paragraphs: &[String], back: Option<&str>) -> Page {
    let mut content = fill("<h1>{{title}}</h1>", &[("title", Text(title))]);
    for html in paragraphs {
        content.push_str("<p>");
        content.push_str(html);
        content.push_str("</p>");
    }
    if let Some(to) = back {
        content.push_str(&fill("<p><a href=\"{{to}}\">Back to the app</a></p>", &[("to", Text(to))]));
    }
    Page::new(title, content).with_status(status).leaving()
}
