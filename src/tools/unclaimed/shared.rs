//! What other servers learn of a change whose caller left. It is ids alone, as is all that servers share: what its reply said
//! may name a guest.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rmcp::model::CallToolResult;
use serde::{Deserialize, Serialize};

use super::{Change, KEEP, UNKNOWN, cancelled, concerns};
use crate::oncehub::{Client, Id, Outcome};
use crate::records::{Failure, Kind};
use crate::store::{Notice, Notices};

/// How long after its caller has left a change is surely over: longer than any call takes.
const OVER: Duration = Duration::from_mins(11);

/// The most ids that a notice has.
const IDS: usize = 50;

/// The changes that servers tell each other of.
#[derive(Clone)]
pub(super) struct Shared(pub(super) Arc<dyn Notices>);

/// What a notice says.
#[derive(Debug, Deserialize, Serialize)]
struct Word {
    tool: String,
    ids: Vec<String>,
    /// When its caller left, in seconds since 1970.
    left_at: u64,
    /// `None` while it is in flight.
    ended: Option<Ending>,
}

/// How a change has ended, without a word that its reply has.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Ending {
    /// With a reply. What that says of each thing, only its server knows: a plan may be carried out in part.
    Replied,
    Failed {
        kind: Kind,
        outcome: Option<Outcome>,
    },
    /// Without a result.
    Unknown,
}

impl Shared {
    /// Tells the others of a change, and if it has ended, how. If they cannot be told, this server alone reports it.
    pub(super) async fn leave(&self, change: &Change, ended: Option<Ending>) {
        let word = Word {
            tool: change.tool.clone(),
            ids: ids(&change.about()),
            left_at: now().saturating_sub(change.at.elapsed().as_secs()),
            ended,
        };
        let Ok(text) = serde_json::to_string(&word) else { return };
        if !word.ids.is_empty() {
            let notice = Notice { id: change.id.clone(), text };
            let _ = self.0.leave(&change.oncehub.shared_account(), &notice, KEEP).await;
        }
    }

    /// Returns whether nobody has reported this change yet, as far as can be known now.
    pub(super) async fn is_first_to_tell(&self, change: &Change) -> bool {
        self.0.take(&change.oncehub.shared_account(), &change.id, KEEP).await.unwrap_or(true)
    }

    /// Returns notes on the account's changes at other servers that concern any of these texts. `here` are the ids of this
    /// server's own.
    pub(super) async fn of_others(&self, oncehub: &Client, named: &[String], here: &[String]) -> Vec<String> {
        let (account, mut notes) = (oncehub.shared_account(), Vec::new());
        for notice in self.0.left(&account).await.unwrap_or_default() {
            // One of another version may say it in another way.
            let Ok(word) = serde_json::from_str::<Word>(&notice.text) else { continue };
            if here.contains(&notice.id) || !concerns(&word.ids, named) {
                continue;
            }
            // What goes on is reported to each call, what has ended to the first.
            let is_told = word.goes_on() || self.0.take(&account, &notice.id, KEEP).await == Ok(true);
            notes.extend(is_told.then(|| word.told()));
        }
        notes
    }
}

impl Word {
    fn goes_on(&self) -> bool {
        self.ended.is_none() && now() < self.left_at + OVER.as_secs()
    }

    fn told(&self) -> String {
        let (what, about) = (cancelled(&self.tool), self.ids.join(", "));
        let ended = match &self.ended {
            None if self.goes_on() => {
                let then = "check again in a few seconds before changing anything";
                return format!("{what} ({about}), and by the last word of its server is still in flight: {then}");
            }
            None => "Its server has not said how it ended, so that is unknown".to_owned(),
            Some(Ending::Unknown) => UNKNOWN.to_owned(),
            Some(Ending::Replied) => "It ended with a reply, not with an error".to_owned(),
            Some(Ending::Failed { kind, outcome }) => {
                let kind: &str = (*kind).into();
                match outcome {
                    Some(Outcome::Unknown) => format!("It failed ({kind}), and whether it was carried out is unknown"),
                    Some(Outcome::NotDone) => format!("It failed ({kind}), and was not carried out"),
                    None => format!("It failed ({kind})"),
                }
            }
        };
        format!("{what}. {ended}. It was about {about}: look there before changing anything")
    }
}

impl Ending {
    pub(super) fn of(result: Option<&CallToolResult>) -> Self {
        let Some(result) = result else { return Self::Unknown };
        let error = result.structured_content.as_ref().and_then(|fields| fields.get("error"));
        match error.map(Failure::deserialize) {
            Some(Ok(failure)) => Self::Failed { kind: failure.kind, outcome: failure.outcome },
            _ if result.is_error == Some(true) => Self::Unknown,
            _ => Self::Replied,
        }
    }
}

/// Returns the ids among these texts; the others are addresses.
fn ids(about: &[String]) -> Vec<String> {
    let mut ids: Vec<String> = about.iter().filter(|text| text.parse::<Id>().is_ok()).cloned().collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(IDS);
    ids
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(left_at: u64, ended: Option<Ending>) -> Word {
        Word { tool: "cancel_booking".into(), ids: vec!["BKNG-1".into()], left_at, ended }
    }

    fn failed(outcome: Option<Outcome>) -> Ending {
        let failure = Failure { outcome, ..Failure::unexpected("the guest Ada King cannot be read") };
        let error = serde_json::to_value(failure).unwrap();
        Ending::of(Some(&CallToolResult::structured_error(serde_json::json!({"error": error}))))
    }

    #[test]
    fn how_a_change_ended_is_told_by_what_is_known_and_names_nobody() {
        let long_ago = now() - OVER.as_secs();
        for (word, ending) in [
            (word(now(), None), "(BKNG-1), and by the last word of its server is still in flight: check again"),
            (
                word(long_ago, None),
                "Its server has not said how it ended, so that is unknown. It was about BKNG-1: look",
            ),
            (
                word(long_ago, Some(Ending::Replied)),
                "It ended with a reply, not with an error. It was about BKNG-1: look",
            ),
            (word(now(), Some(Ending::of(None))), "whether it was carried out is unknown. It was about BKNG-1: look"),
            (
                word(now(), Some(Ending::of(Some(&CallToolResult::error(vec![]))))),
                "whether it was carried out is unknown",
            ),
            (word(now(), Some(Ending::of(Some(&CallToolResult::success(vec![]))))), "It ended with a reply, not"),
            (word(now(), Some(failed(None))), "It failed (unexpected_reply). It"),
            (
                word(now(), Some(failed(Some(Outcome::NotDone)))),
                "It failed (unexpected_reply), and was not carried out. It",
            ),
            (
                word(now(), Some(failed(Some(Outcome::Unknown)))),
                "It failed (unexpected_reply), and whether it was carried out is unknown. It",
            ),
        ] {
            assert!(word.told().contains(ending), "{}", word.told());
            assert!(!serde_json::to_string(&word).unwrap().contains("Ada"));
        }
    }

    #[test]
    fn ids_alone_are_shared() {
        let about = ["BKNG-2", "ada@example.com", "+44 20 7946 0018", "https://example.com/a", "BKNG-1", "BKNG-2"];
        assert_eq!(ids(&about.map(str::to_owned)), ["BKNG-1", "BKNG-2"]);
        assert_eq!(ids(&(0..200).map(|id| id.to_string()).collect::<Vec<_>>()).len(), IDS);
    }
}
