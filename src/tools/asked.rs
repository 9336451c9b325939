//! List filters: what the caller asks for, translated into OnceHub's filters.

use jiff::Timestamp;

use crate::names::fold;
use crate::oncehub::Id;
use crate::records::Noun;
use crate::records::failure::Failure;
use crate::records::time::{self, Zone};
use crate::records::untrusted::quoted;
use crate::tools::call::Call;

/// The caller's filters, translated into OnceHub's and described in words for the reply.
pub(super) struct Asked<'a> {
    call: &'a Call,
    /// The zone of the reply, and of times without an offset.
    pub(super) zone: &'a Zone,
    /// The filters, as understood.
    pub(super) words: Vec<String>,
    /// Other notes, about hours that a clock change skips or repeats.
    pub(super) notes: Vec<String>,
    /// The start of a range whose end is read next.
    began: Option<(&'static str, Timestamp)>,
}

impl<'a> Asked<'a> {
    pub(super) fn by(call: &'a Call, zone: &'a Zone) -> Self {
        Self { call, zone, words: Vec::new(), notes: Vec::new(), began: None }
    }

    /// Returns the maximum size of the reply, in bytes.
    pub(super) fn max_reply(&self) -> usize {
        self.call.settings.max_reply
    }

    /// Reads part of a name, to be matched here, and folds it.
    pub(super) fn part(&mut self, argument: &str, text: Option<&str>) -> Result<Option<String>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let part = fold(text);
        if part.is_empty() {
            let hint = "give part of what you are looking for, or leave it out";
            return Err(Failure::argument(argument, "has no visible characters", hint));
        }
        self.words.push(format!("{argument} {}", quoted(text, 60)));
        Ok(Some(part))
    }

    /// Passes a value through unchanged, apart from surrounding spaces.
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
        let found = self.call.names.find(&[noun], argument, text).await?;
        self.words.push(format!("{} {}", argument.replace('_', " "), found.described()));
        Ok(Some(found.id))
    }

    pub(super) async fn contact(&mut self, text: Option<&str>) -> Result<Option<Id>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let id = self.call.names.contact("contact", text).await?;
        self.words.push(format!("contact {id}"));
        Ok(Some(id))
    }

    /// Translates "at or after": OnceHub's own filter excludes the moment itself.
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

    /// Translates "before"; a date includes that day.
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
            let hint = "write both as dates; the name of a weekday means the next one after today";
            return Err(Failure::argument(argument, problem, hint));
        }
        self.words.push(format!("{} {}", argument.replace('_', " "), time::local(end, self.zone)));
        Ok(Some(time::instant(end)))
    }

    fn note(&mut self, argument: &str, note: Option<&str>) {
        self.notes.extend(note.map(|note| format!("{argument}: {note}")));
    }
}

/// Returns the fields to expand in OnceHub's format.
pub(super) fn expand(fields: &[String]) -> Option<String> {
    (!fields.is_empty()).then(|| fields.join(","))
}
