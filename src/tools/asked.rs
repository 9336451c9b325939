//! The filters of a list: what a caller asks for, turned into OnceHub's own.

use jiff::Timestamp;

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
    /// Where the range begins whose end comes next.
    began: Option<(&'static str, Timestamp)>,
}

impl<'a> Asked<'a> {
    pub(super) fn by(call: &'a Call, zone: &'a Zone) -> Self {
        Self { call, zone, words: Vec::new(), notes: Vec::new(), began: None }
    }

    /// The most that the reply may take, in bytes.
    pub(super) fn max_reply(&self) -> usize {
        self.call.settings.max_reply
    }

    /// A part of a name, which is looked for here: folded.
    pub(super) fn part(&mut self, argument: &str, text: Option<&str>) -> Result<Option<String>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let part = fold(text);
        if part.is_empty() {
            let hint = "give a part of what you are looking for, or leave it out";
            return Err(Failure::argument(argument, "holds nothing that can be seen", hint));
        }
        self.words.push(format!("{argument} {}", quoted(text, 60)));
        Ok(Some(part))
    }

    /// Something that is passed on as it is, without spaces around it.
    pub(super) fn said(&mut self, argument: &str, text: Option<String>) -> Option<String> {
        let text = text.map(|text| text.trim().to_owned());
        self.words.extend(text.as_ref().map(|text| format!("{argument} {}", quoted(text, 120))));
        text
    }

    pub(super) async fn named(
        &mut self,
        noun: Noun,
        argument: &'static str,
        text: Option<&str>,
    ) -> Result<Option<Id>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let found = self.call.find(&[noun], argument, text).await?;
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
        self.began = None;
        let Some(text) = text else { return Ok(None) };
        let moment = self.call.moment(argument, text, self.zone)?;
        self.began = Some((argument, moment.at));
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
        if let Some((from, began)) = self.began.take()
            && end <= began
        {
            let (began, ends) = (time::local(began, self.zone), time::local(end, self.zone));
            let problem = format!("the range is empty: {from} is {began}, and it ends before {ends}");
            let hint = "write both as dates; a weekday's name is the next one after today";
            return Err(Failure::argument(argument, problem, hint));
        }
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
