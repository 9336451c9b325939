//! The pages of it.

use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::store::{Listed, Unavailable};
use crate::transport::http::auth::page::Part::{Html, Made, Text};
use crate::transport::http::auth::page::{Page, described, fill, invalid, told};

const WHO: &str = include_str!("../pages/who.html");
const LIST: &str = include_str!("../pages/sign_ins.html");
const ONE: &str = include_str!("../pages/sign_in.html");

/// How many are shown.
const MOST: usize = 100;

/// What the page says of what is signed in, by who says who is there.
#[derive(Debug)]
pub(in crate::transport::http::auth) struct Words {
    /// What it lists.
    what: &'static str,
    /// That there is none, where all that are good are known.
    none: &'static str,
    /// That none is known.
    none_known: &'static str,
    /// That none goes on.
    all_ended: &'static str,
    /// What to do if nothing can be ended here now.
    instead: &'static str,
}

/// Where people show a key.
pub(super) const BY_KEY: &Words = &Words {
    what: "This is what is signed in with your key, also by others who use it.",
    none: "<p>There is no sign-in with this key.</p>",
    none_known: "<p>No sign-in with this key is known. This server knows those that have been used since it was started: \
        others may still be good, and <strong>End all</strong> ends them, too.</p>",
    all_ended: "<p>No sign-in with this key goes on, also of those that were not listed.</p>",
    instead: "delete the key in OnceHub: nothing can be done with it then.",
};

/// Where an identity provider says who they are.
pub(super) const BY_PROVIDER: &Words = &Words {
    what: "This is what is signed in as you.",
    none: "<p>You are not signed in with any app.</p>",
    none_known: "<p>You are not signed in with any app that is known. This server knows those that have been used since it was \
        started: others may still be good, and <strong>End all</strong> ends them, too.</p>",
    all_ended: "<p>No sign-in of yours goes on, also of those that were not listed.</p>",
    instead: "ask the operator of this server to let you in no more: that counts at once.",
};

/// What has been ended.
pub(in crate::transport::http::auth) enum Ended {
    /// The sign-in of this app.
    One(String),
    /// One that had ended before.
    Before,
    /// All.
    All,
}

impl Page {
    /// Returns the page that asks who is there. `form` is what it sends back.
    pub(in crate::transport::http::auth) fn who(form: &str, problem: Option<&str>) -> Self {
        let content = fill(
            WHO,
            &[
                ("form", Text(form)),
                ("problem", Made(told(problem))),
                ("described", Html(described(problem, "where problem", "where"))),
                ("invalid", Html(invalid(problem.is_some()))),
            ],
        );
        Self::asking("Your sign-ins", problem, content)
    }

    /// Returns the page that lists sign-ins.
    pub(super) fn list(
        all: &[Listed],
        words: &Words,
        name: Option<&str>,
        form: &str,
        forgets: bool,
        ended: Option<&Ended>,
    ) -> Self {
        let title = match ended {
            None => "Your sign-ins".to_owned(),
            Some(Ended::One(app)) => format!("“{app}” is signed out"),
            Some(Ended::Before) => "That sign-in had ended before".to_owned(),
            Some(Ended::All) => "All of them have ended".to_owned(),
        };
        let account = name.map(|name| fill(" The account is <strong>{{name}}</strong>.", &[("name", Text(name))]));
        let one = |one: &Listed| {
            let rights = if one.sign_in.read_only { "reads only" } else { "reads and changes" };
            let (made, used) = (day(one.sign_in.made), day(one.used));
            let parts = [
                ("app", Text(&one.sign_in.app)),
                ("id", Text(&one.sign_in.id)),
                ("form", Text(form)),
                ("rights", Text(rights)),
                ("made", Text(&made)),
                ("used", Text(&used)),
            ];
            fill(ONE, &parts)
        };
        let rows: String = all.iter().take(MOST).map(one).collect();
        let has_more = !all.is_empty() || forgets && !matches!(ended, Some(Ended::All));
        let has_ended_all = matches!(ended, Some(Ended::All));
        let rows = match (all.is_empty(), has_ended_all) {
            (false, _) => format!("<ul class=\"list\">{rows}</ul>"),
            (true, true) => words.all_ended.to_owned(),
            (true, false) if forgets => words.none_known.to_owned(),
            (true, false) => words.none.to_owned(),
        };
        let more = all.len().saturating_sub(MOST);
        let more = (more > 0).then(|| format!("<p>There are {more} more, which were used longer ago.</p>"));
        let parts = [
            ("title", Text(&title)),
            ("what", Html(words.what)),
            ("account", Made(account.unwrap_or_default())),
            ("rows", Made(rows)),
            ("more", Made(more.unwrap_or_default())),
            ("note", Html(if forgets && !all.is_empty() { FORGETS } else { "" })),
            ("all", Made(if has_more { fill(ALL, &[("form", Text(form))]) } else { String::new() })),
        ];
        let content = fill(LIST, &parts);
        Self::new(&title, content)
    }

    /// Returns the page for a form that is too old, or another browser's.
    pub(super) fn gone() -> Self {
        let reason = "The page was open for more than ten minutes, or was opened in another browser. Nothing has been ended. \
            Open this address again.";
        Self::told(StatusCode::BAD_REQUEST, "Start again", reason)
    }

    /// Returns the page for a store that is away, perhaps in the middle of ending something.
    pub(super) fn unknown(failed: Unavailable, words: &Words, ends: bool) -> Self {
        let then = if ends {
            "Whether something has been ended is not known: try again in a minute, and look."
        } else {
            "Try again in a minute."
        };
        let instead = words.instead;
        let mut reason = failed.to_string();
        reason.get_mut(..1).iter_mut().for_each(|first| first.make_ascii_uppercase());
        Self::told(
            StatusCode::SERVICE_UNAVAILABLE,
            "That did not work",
            &format!("{reason}. {then} If it cannot wait, {instead}"),
        )
    }
}

const FORGETS: &str = "<p class=\"hint\">Those that have not been used since this server was started are not shown. \
    <strong>End all</strong> ends them, too.</p>";

const ALL: &str = "<form method=\"post\" action=\"/sign-ins\"><input type=\"hidden\" name=\"form\" value=\"{{form}}\">\
    <div class=\"buttons\"><button type=\"submit\" name=\"decision\" value=\"all\">End all</button></div></form>";

/// Returns the day of a moment.
fn day(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let moment = moment.unwrap_or_default().to_zoned(TimeZone::UTC);
    moment.strftime("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Owner, SignIn};

    fn listed(count: u64) -> Vec<Listed> {
        let one = |number: u64| {
            let (id, app, owner) = (format!("id-{number}"), format!("App {number}"), Owner("o".to_owned()));
            let sign_in = SignIn { id, owner, app, made: 1_790_000_000, ends: 1_800_000_000, read_only: false };
            Listed { sign_in, used: 1_796_100_000 - number }
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn what_is_not_known_is_not_told_as_nothing() {
        let memory = Page::list(&[], BY_KEY, None, "f", true, None).html;
        assert!(
            memory.contains("those that have been used since it was started") && memory.contains("End all</button>")
        );
        let ended = Page::list(&[], BY_KEY, None, "f", true, Some(&Ended::All)).html;
        assert!(ended.contains("No sign-in with this key goes on") && !ended.contains("<button"), "{ended}");
        let shared = Page::list(&[], BY_KEY, None, "f", false, None).html;
        assert!(shared.contains("There is no sign-in with this key.") && !shared.contains("<button"));
        for (ends, expected) in
            [(true, "Whether something has been ended is not known"), (false, "Try again in a minute.")]
        {
            let away = Page::unknown(Unavailable, BY_KEY, ends);
            assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(away.html.contains(expected) && away.html.contains("delete the key in OnceHub"), "{}", away.html);
        }
    }

    #[test]
    fn a_list_says_when_and_how_many_there_are() {
        let few = Page::list(&listed(2), BY_KEY, Some("<ada>"), "f", false, None).html;
        for expected in
            ["Signed in on 21 September 2026, last used on 1 December 2026", "&lt;ada&gt;", "End App 1, signed in on"]
        {
            assert!(few.contains(expected), "{expected}: {few}");
        }
        assert!(!few.contains("more, which were") && !few.contains("since this server was started"), "{few}");
        let many = Page::list(&listed(130), BY_KEY, None, "f", true, None).html;
        assert_eq!(many.matches("name=\"end\"").count(), MOST);
        assert!(many.contains("There are 30 more") && many.contains("since this server was started"), "{many}");
    }
}
