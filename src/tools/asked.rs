//! List filters: what the caller asks for, translated into OnceHub's filters.

use crate::names::{Span, fold};
use crate::oncehub::{Id, Range};
use crate::records::{Failure, Moment, Noun, Zone, quoted, time};
use crate::tools::call::Call;

/// The caller's filters, translated into OnceHub's and described in words for the reply.
pub(super) struct Asked<'a> {
    call: &'a Call,
    /// The zone of the reply, and of times without an offset.
    pub(super) zone: &'a Zone,
    /// The filters, as understood.
    pub(super) words: Vec<String>,
    /// Other notes: as what times in words were understood, and which hours a clock change skips or repeats.
    pub(super) notes: Vec<String>,
    /// What is to be known if there are more than are listed.
    pub(super) if_cut: Option<&'static str>,
}

impl<'a> Asked<'a> {
    pub(super) fn by(call: &'a Call, zone: &'a Zone) -> Self {
        Self { call, zone, words: Vec::new(), notes: Vec::new(), if_cut: None }
    }

    /// Returns the maximum size of the reply, in bytes.
    pub(super) fn max_reply(&self) -> usize {
        self.call.settings.max_reply
    }

    /// Whether the reply has a structure beside its text.
    pub(super) fn is_structured(&self) -> bool {
        self.call.settings.structured
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
        let found = self.call.names.contact("contact", text).await?;
        self.words.push(format!("contact {}", found.described()));
        Ok(Some(found.id))
    }

    /// Reads a range, as OnceHub's filters have it.
    pub(super) fn range(&mut self, what: &str, after: Option<&str>, before: Option<&str>) -> Result<Range, Failure> {
        self.span(what, after, before).map(Span::range)
    }

    /// Reads a range, from a moment on and before another; a date as its end includes that day. The arguments are
    /// called `what` with `_after` and `_before`.
    pub(super) fn span(&mut self, what: &str, after: Option<&str>, before: Option<&str>) -> Result<Span, Failure> {
        let (first, last) = (format!("{what}_after"), format!("{what}_before"));
        let from = after.map(|text| self.moment(&first, text)).transpose()?.map(|from| from.at);
        self.words.extend(from.map(|from| format!("{what} from {}", time::local(from, self.zone))));
        let until = before.map(|text| self.moment(&last, text)).transpose()?;
        let until = until.map(|until| until.ends);
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            let (began, ends) = (time::local(from, self.zone), time::local(until, self.zone));
            let problem = format!("the range is empty: {first} is {began}, and it ends before {ends}");
            let hint = "write both as dates; the name of a weekday means the next one after today";
            return Err(Failure::argument(&last, problem, hint));
        }
        self.words.extend(until.map(|until| format!("{what} before {}", time::local(until, self.zone))));
        Ok(Span { from, until })
    }

    fn moment(&mut self, argument: &str, text: &str) -> Result<Moment, Failure> {
        let moment = self.call.moment(argument, text, self.zone)?;
        self.notes.extend(moment.note.as_ref().map(|note| format!("{argument}: {note}")));
        Ok(moment)
    }
}

/// Returns the fields to expand in OnceHub's format.
pub(super) fn expand(fields: &[String]) -> Option<String> {
    (!fields.is_empty()).then(|| fields.join(","))
}
