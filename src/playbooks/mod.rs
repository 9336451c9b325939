//! Playbooks: jobs as a person asks for them, each with when to use it, what has to be known, and the few calls that do
//! it. Each is one file, an Agent Skill as `playbooks/NAME/SKILL.md` holds it, and is served as a prompt and as a skill.
//!
//! This room knows the account's names, with which arguments are completed. It does not know the tools: its caller says
//! which of them are offered.

mod argument;
mod file;
mod prompt;
mod skill;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rmcp::model::SkillFrontmatter;

use argument::Argument;
pub use prompt::BadArgument;

/// The files, by their folders.
const FILES: [(&str, &str); 7] = [
    ("out-sick", include_str!("../../playbooks/out-sick/SKILL.md")),
    ("find-a-time", include_str!("../../playbooks/find-a-time/SKILL.md")),
    ("weekly-review", include_str!("../../playbooks/weekly-review/SKILL.md")),
    ("prepare-day", include_str!("../../playbooks/prepare-day/SKILL.md")),
    ("follow-up-no-shows", include_str!("../../playbooks/follow-up-no-shows/SKILL.md")),
    ("monthly-report", include_str!("../../playbooks/monthly-report/SKILL.md")),
    ("hand-over-a-host", include_str!("../../playbooks/hand-over-a-host/SKILL.md")),
];

/// All playbooks. A test makes sure that each file can be read.
static ALL: LazyLock<Vec<Playbook>> =
    LazyLock::new(|| FILES.iter().filter_map(|(folder, text)| Playbook::read(folder, text).ok()).collect());

/// A playbook.
#[derive(Debug)]
pub struct Playbook {
    /// The whole file.
    text: String,
    /// What is written between its first two lines of dashes.
    front: SkillFrontmatter,
    /// What comes before the arguments, and after them.
    around: [String; 2],
    arguments: Vec<Argument>,
    /// The tools that it calls.
    tools: BTreeSet<String>,
}

impl Playbook {
    /// Returns all playbooks, whether their tools are offered or not.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// Returns the playbooks all of whose tools are offered.
    pub fn offered(is_offered: impl Fn(&str) -> bool) -> impl Iterator<Item = &'static Self> {
        ALL.iter().filter(move |playbook| playbook.tools().all(&is_offered))
    }

    /// Returns the tools that it calls.
    pub fn tools(&self) -> impl Iterator<Item = &str> {
        self.tools.iter().map(String::as_str)
    }

    /// Returns its name as a prompt: `out_sick`. As a skill it is `out-sick`, since skills have no other names.
    pub fn name(&self) -> String {
        self.front.name.replace('-', "_")
    }

    /// Returns its title.
    fn title(&self) -> Option<&str> {
        self.front.extra.get("metadata")?.get("title")?.as_str()
    }
}
