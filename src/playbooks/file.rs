//! How a playbook's file is read: front matter in YAML, a list of arguments, and steps whose calls are code, a tool's name
//! before its arguments in JSON.

use std::collections::BTreeSet;

use rmcp::model::SkillFrontmatter;

use super::Playbook;
use super::argument::Argument;

/// Why a file is no playbook.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("it does not begin with front matter between lines of dashes")]
    NoFront,
    #[error("its front matter cannot be read: {0}")]
    BadFront(String),
    #[error("its folder and its name are not the same")]
    OtherName,
    #[error("it has no section '{0}'")]
    NoSection(&'static str),
    #[error("this is no argument: {0}")]
    BadArgument(String),
}

/// The headings of the sections.
const ARGUMENTS: &str = "\n## Arguments\n\n";
const STEPS: &str = "\n## Steps\n";

impl Playbook {
    /// Reads a file that lies in this folder.
    pub(super) fn read(folder: &str, text: &str) -> Result<Self, Unreadable> {
        // A checkout on Windows may have other ends of lines.
        let text = text.replace("\r\n", "\n");
        let parts = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
        let (front, body) = parts.ok_or(Unreadable::NoFront)?;
        let front: SkillFrontmatter =
            yaml_serde::from_str(front).map_err(|error| Unreadable::BadFront(error.to_string()))?;
        if front.name != folder {
            return Err(Unreadable::OtherName);
        }
        let (before, rest) = body.split_once(ARGUMENTS).ok_or(Unreadable::NoSection("Arguments"))?;
        let (list, steps) = rest.split_once(STEPS).ok_or(Unreadable::NoSection("Steps"))?;
        let argument = |line: &str| Argument::read(line).ok_or_else(|| Unreadable::BadArgument(line.to_owned()));
        let arguments = list.lines().filter(|line| !line.is_empty()).map(argument).collect::<Result<_, _>>()?;
        let around = [format!("{}{ARGUMENTS}", before.trim_start()), format!("{STEPS}{steps}")];
        let tools = calls(steps).map(|(tool, _)| tool.to_owned()).collect::<BTreeSet<_>>();
        Ok(Self { text, front, around, arguments, tools })
    }
}

/// Returns the calls in a text: code that is a tool's name before an object.
pub(super) fn calls(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter_map(|code| code.split_once(' ').filter(|(_, arguments)| arguments.starts_with('{')))
}

/// Reads the arguments of a call, in which `<…>` stands for a value.
#[cfg(test)]
pub(super) fn arguments_of(call: &str) -> serde_json::Result<serde_json::Value> {
    serde_json::from_str(&call.replace("<count>", "1"))
}
