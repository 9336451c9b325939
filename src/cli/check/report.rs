use std::process::ExitCode;

use console::style;
use serde::Serialize;
use serde_json::json;

use crate::cli::print::{print_beside, print_exact};
use crate::cli::visible;

/// One thing that was checked.
#[serde_with::skip_serializing_none]
#[derive(Debug, Serialize)]
struct Finding {
    status: Status,
    topic: &'static str,
    #[serde(rename = "finding")]
    text: String,
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// It works, but not as well as it could.
    Warning,
    Bad,
    /// It cannot be seen from here.
    Unknown,
}

/// The findings, reported one by one to a person, or all at once to a program.
pub(super) struct Report {
    findings: Vec<Finding>,
    is_json: bool,
}

impl Report {
    pub(super) fn new(is_json: bool) -> Self {
        Self { findings: Vec::new(), is_json }
    }

    pub(super) fn fine(&mut self, topic: &'static str, finding: &str) {
        self.add(Status::Ok, topic, finding, None);
    }

    pub(super) fn warn(&mut self, topic: &'static str, finding: &str, hint: &str) {
        self.add(Status::Warning, topic, finding, Some(hint));
    }

    pub(super) fn bad(&mut self, topic: &'static str, finding: &str, hint: &str) {
        self.add(Status::Bad, topic, finding, Some(hint));
    }

    pub(super) fn unknown(&mut self, topic: &'static str, finding: &str, hint: &str) {
        self.add(Status::Unknown, topic, finding, Some(hint));
    }

    fn add(&mut self, status: Status, topic: &'static str, finding: &str, hint: Option<&str>) {
        // File names, entries and their replies may be a stranger's: keep each on one line.
        let on_a_line = |text: &str| visible(text).replace('\n', "\\n");
        let (finding, hint) = (on_a_line(finding), hint.map(on_a_line));
        if !self.is_json {
            let mark = match status {
                Status::Ok => style("ok  ").green(),
                Status::Warning => style("warn").yellow(),
                Status::Bad => style("bad ").red().bold(),
                Status::Unknown => style("?   ").cyan(),
            };
            print_beside(&format!("{mark} {topic:<9} "), &" ".repeat(15), &finding);
            hint.iter().for_each(|hint| print_beside("     hint: ", &" ".repeat(11), hint));
        }
        self.findings.push(Finding { status, topic, text: finding, hint });
    }

    /// Reports what has not been reported yet. Exit code 1 if anything is bad.
    pub(super) fn end(self) -> ExitCode {
        let is_good = self.findings.iter().all(|finding| finding.status != Status::Bad);
        if self.is_json {
            print_exact(&format!("{:#}", json!({"ok": is_good, "findings": self.findings})));
        }
        if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[cfg(test)]
impl Report {
    /// Returns the last finding, with its hint, and whether it is bad.
    pub(super) fn last(&self) -> (String, bool) {
        let finding = self.findings.last().unwrap();
        let hint = finding.hint.as_deref().unwrap_or_default();
        (format!("{} {} {hint}", finding.topic, finding.text), finding.status == Status::Bad)
    }
}
