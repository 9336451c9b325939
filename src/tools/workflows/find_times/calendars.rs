//! Whose free times are asked for.

use crate::names::{Found, Names};
use crate::oncehub::Id;
use crate::records::{Failure, Noun, quoted};

/// The most calendars that one call reads.
const MOST: usize = 20;

/// A calendar that is asked for.
pub(super) struct Calendar {
    pub(super) id: Id,
    pub(super) found: Found,
    /// The host's name, or their id where there is no name or several have it.
    pub(super) host: Option<String>,
}

impl Calendar {
    /// Returns how long a meeting on it is, if that is known.
    pub(super) fn minutes(&self) -> Option<i64> {
        self.found.entry.as_ref()?.duration_minutes
    }
}

/// The calendars that are asked for, each once.
pub(super) struct Asked {
    pub(super) calendars: Vec<Calendar>,
    /// For times at which all are free, who they are: the calendars of each, by their places, one of which has to be free.
    pub(super) parties: Option<Vec<Vec<usize>>>,
    pub(super) notes: Vec<String>,
}

impl Asked {
    /// Finds the calendars, and those that the hosts have published.
    pub(super) async fn read(
        names: &Names,
        calendars: &[String],
        hosts: &[String],
        together: bool,
    ) -> Result<Self, Failure> {
        if calendars.is_empty() && hosts.is_empty() {
            let hint = "pass calendars, hosts or both: list_booking_calendars shows the calendars, and who hosts them";
            return Err(Failure::argument("calendars", "is required, or hosts", hint));
        }
        let (mut all, mut parties, mut notes) = (Vec::<Found>::new(), Vec::new(), Vec::new());
        let mut place = |found: Found| {
            let known = all.iter().position(|known| known.id == found.id);
            known.unwrap_or_else(|| {
                all.push(found);
                all.len() - 1
            })
        };
        for text in calendars {
            let party = vec![place(names.find(&[Noun::Calendars], "calendars", text).await?)];
            if parties.contains(&party) {
                let note = format!("calendars: {} is named twice, and counts once.", quoted(text, 60));
                if !notes.contains(&note) {
                    notes.push(note);
                }
            } else {
                parties.push(party);
            }
        }
        for text in hosts {
            let host = names.find(&[Noun::Users, Noun::Teams], "hosts", text).await?;
            let published = names.hosted_by(&host).await?;
            let nothing = format!("{} hosts no published calendar", host.described());
            if published.is_empty() && together {
                let hint = "leave them out, or name the calendars: list_booking_calendars shows who hosts which";
                return Err(Failure::argument("hosts", nothing, hint));
            }
            if published.is_empty() {
                notes.push(format!("hosts: {nothing}."));
                continue;
            }
            let party: Vec<usize> = published.into_iter().map(&mut place).collect();
            if !parties.contains(&party) {
                parties.push(party);
            }
        }
        if all.len() > MOST {
            let argument = if calendars.len() > MOST { "calendars" } else { "hosts" };
            let problem = format!("these are {} calendars, and one call reads at most {MOST}", all.len());
            return Err(Failure::argument(argument, problem, "name fewer, and call again for the others"));
        }
        if all.is_empty() {
            let hint = "ask for others: list_booking_calendars shows who hosts which";
            return Err(Failure::argument("hosts", notes.join(" ").trim_start_matches("hosts: "), hint));
        }
        let mut named = Vec::new();
        for found in all {
            let host = names.host_of(&found).await;
            named.push(Calendar { id: found.id.clone(), found, host });
        }
        Ok(Self { calendars: named, parties: Some(parties).filter(|_| together), notes })
    }
}
