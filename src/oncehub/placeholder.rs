//! Texts where a key should be: variables that a client has not expanded, and the blanks of examples.

use std::fmt;

/// A placeholder for a key. Only its form is told: what is inside may be a key after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// `${input:…}`, of VS Code.
    Input,
    /// `${env:…}`, of Cursor and others.
    Environment,
    /// `${user_config.…}`, of extensions for Claude Desktop.
    Extension,
    /// `${…}`, of Claude Code and others.
    Variable,
    /// `$…`, of shells and Gemini CLI.
    Shell,
    /// `%…%`, of Windows' command prompt.
    Prompt,
    /// `{{…}}` or `{…}`, of templates.
    Template,
    /// `YOUR_…` or `your-…`, of examples.
    Yours,
    /// `<…>`, of examples.
    Brackets,
}

impl Placeholder {
    /// Returns which placeholder a text is, if it is one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let inside = |start, end| text.strip_prefix(start).and_then(|text: &str| text.strip_suffix::<&str>(end));
        if let Some(inside) = inside("${", "}") {
            return Some(match inside {
                _ if inside.starts_with("input:") => Self::Input,
                _ if inside.starts_with("env:") => Self::Environment,
                _ if inside.starts_with("user_config.") => Self::Extension,
                _ => Self::Variable,
            });
        }
        let is_named = |name: &str, may: fn(char) -> bool| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(may)
        };
        let is_yours = || {
            let (start, rest) = text.split_at_checked(4)?;
            (start.eq_ignore_ascii_case("your") && rest.starts_with(['_', '-', ' '])).then_some(Self::Yours)
        };
        // A key may begin with a dollar, but hardly look like the name of a variable, too.
        let is_shell = text.strip_prefix('$').is_some_and(|name| {
            is_named(name, |c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') || name.starts_with("env:")
        });
        let is_prompt = inside("%", "%").is_some_and(|name| is_named(name, |c| c.is_ascii_alphanumeric() || c == '_'));
        match text {
            _ if is_shell => Some(Self::Shell),
            _ if is_prompt => Some(Self::Prompt),
            _ if inside("{", "}").is_some() => Some(Self::Template),
            _ if inside("<", ">").is_some() => Some(Self::Brackets),
            _ => is_yours(),
        }
    }
}

/// What each client expands.
const CLIENTS: &str = "Claude Code expands ${NAME}, Cursor and Windsurf ${env:NAME}, VS Code ${input:NAME}, Gemini CLI \
    $NAME, if the variable is set where they were started; Claude Desktop, Codex and Zed expand nothing";

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (form, why) = match self {
            Self::Input => (
                "${input:…}",
                "only VS Code asks for that, where its mcp.json lists it under inputs (or names an envFile); elsewhere \
                write the key itself",
            ),
            Self::Environment => ("${env:…}", CLIENTS),
            Self::Extension => {
                ("${user_config.…}", "fill in the key in the settings of the extension in Claude Desktop")
            }
            Self::Variable => ("${…}", CLIENTS),
            Self::Shell => ("$…", CLIENTS),
            Self::Prompt => ("%…%", CLIENTS),
            Self::Template => ("{{…}}", "a template that nothing has filled in: write the key itself"),
            Self::Yours => ("YOUR_…", "put a key from OnceHub (Settings, API & webhooks) in its place"),
            Self::Brackets => {
                ("<…>", "put a key from OnceHub (Settings, API & webhooks) in its place, without the brackets")
            }
        };
        write!(f, "the API key is still the placeholder {form}: {why}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_keys_and_from_each_other() {
        for (text, expected) in [
            ("${ONCEHUB_API_KEY}", Placeholder::Variable),
            ("${ONCEHUB_API_KEY:-}", Placeholder::Variable),
            ("${{ secrets.ONCEHUB_API_KEY }}", Placeholder::Variable),
            ("${env:ONCEHUB_API_KEY}", Placeholder::Environment),
            ("${input:oncehub-key}", Placeholder::Input),
            ("${user_config.api_key}", Placeholder::Extension),
            ("$ONCEHUB_API_KEY", Placeholder::Shell),
            ("$env:ONCEHUB_API_KEY", Placeholder::Shell),
            ("%ONCEHUB_API_KEY%", Placeholder::Prompt),
            ("%OnceHubKey%", Placeholder::Prompt),
            ("{{ONCEHUB_API_KEY}}", Placeholder::Template),
            ("{{ $env.KEY }}", Placeholder::Template),
            ("{env:ONCEHUB_API_KEY}", Placeholder::Template),
            ("YOUR_ONCEHUB_API_KEY", Placeholder::Yours),
            ("YOUR_KEY", Placeholder::Yours),
            ("your-api-key", Placeholder::Yours),
            ("Your API key", Placeholder::Yours),
            ("<your key>", Placeholder::Brackets),
            ("<ONCEHUB_API_KEY>", Placeholder::Brackets),
        ] {
            assert_eq!(Placeholder::of(text), Some(expected), "{text}");
        }
        for key in [
            "", "k", "sk-live-0123456789", "$", "$$", "$2b$10$abcdef", "$abc-DEF", "%", "%%", "%a-b%", "${", "{", "<a",
            "b>", "yours", "yourself-0123", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "ключ",
        ] {
            assert_eq!(Placeholder::of(key), None, "{key}");
        }
    }

    #[test]
    fn what_is_inside_is_not_told() {
        for text in ["<s3cret>", "${s3cret}", "{{s3cret}}", "%s3cret%", "your-s3cret", "$S3CRET"] {
            let told = Placeholder::of(text).unwrap().to_string();
            assert!(told.contains("placeholder") && !told.to_lowercase().contains("s3cret"), "{told}");
        }
    }
}
