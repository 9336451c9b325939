//! The filters of a list: what a caller asks for, turned into OnceHub's own.

use super::call::Call;
use super::failure::Failure;
use super::names::{Noun, fold};
use super::time::{self, Zone};
use super::untrusted::quoted;
use crate::oncehub::Id;

/// What a caller asks for, turned into OnceHub's filters, and said again in words for the reply.
pub(super) struct Asked<'a> {
    call: &'a Call,
    /// The zone of times without an offset, and of the reply.
    pub(super) zone: &'a Zone,
    /// The filters, as understood.
    pub(super) words: Vec<String>,
    /// What else has to be said, of hours that clocks skip or repeat.
    pub(super) notes: Vec<String>,
}

impl<'a> Asked<'a> {
    pub(super) fn by(call: &'a Call, zone: &'a Zone) -> Self {
        Self { call, zone, words: Vec::new(), notes: Vec::new() }
    }

    /// A part of a name, which is looked for here: folded.
    pub(super) fn part(&mut self, argument: &str, text: Option<&str>) -> Result<Option<String>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let part = fold(text);
        if part.is_empty() {
            let hint = "give a part of the name or e-mail address";
            return Err(Failure::argument(argument, "holds nothing that can be seen", hint));
        }
        self.words.push(format!("{argument} {}", quoted(text, 60)));
        Ok(Some(part))
    }

    /// Something that is passed on as it is.
    pub(super) fn said(&mut self, argument: &str, text: Option<&str>) {
        self.words.extend(text.map(|text| format!("{} {}", argument.replace('_', " "), quoted(text, 120))));
    }

    pub(super) async fn named(
        &mut self,
        noun: Noun,
        argument: &'static str,
        text: Option<&str>,
    ) -> Result<Option<Id>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let found = self.call.listed(noun, argument, text).await?;
        self.words.push(format!("{} {}", argument.replace('_', " "), found.described()));
        Ok(Some(found.id))
    }

    pub(super) async fn contact(&mut self, text: Option<&str>) -> Result<Option<Id>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let id = self.call.contact("contact", text).await?;
        self.words.push(format!("contact {id}"));
        Ok(Some(id))
    }

    /// "At or after": OnceHub's own filter leaves the moment itself out.
    pub(super) fn from(&mut self, argument: &'static str, text: Option<&str>) -> Result<Option<String>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let moment = self.call.moment(argument, text, self.zone)?;
        self.note(argument, moment.note.as_deref());
        self.words.push(format!("{} from {}", argument.trim_end_matches("_after"), time::local(moment.at, self.zone)));
        let just_before = moment.at - jiff::SignedDuration::from_millis(1);
        Ok(Some(just_before.to_string()))
    }

    /// "Before"; a day includes itself.
    pub(super) fn until(&mut self, argument: &'static str, text: Option<&str>) -> Result<Option<String>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let moment = self.call.moment(argument, text, self.zone)?;
        self.note(argument, moment.note.as_deref());
        let end = time::end_exclusive(&moment, self.zone);
        self.words.push(format!("{} {}", argument.replace('_', " "), time::local(end, self.zone)));
        Ok(Some(time::instant(end)))
    }

    fn note(&mut self, argument: &str, note: Option<&str>) {
        self.notes.extend(note.map(|note| format!("{argument}: {note}")));
    }
}

/// The fields that OnceHub is asked to expand, as it wants them.
pub(super) fn expand(fields: &[String]) -> Option<String> {
    (!fields.is_empty()).then(|| fields.join(","))
}
