/// An entry to register with a client: how it starts the server, or where it reaches one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A program that speaks MCP over standard input and output.
    Stdio {
        /// The program's full path: desktop applications rarely start with a shell's search path.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// The variables added to its environment.
        env: Vec<(String, String)>,
    },
    /// A server that speaks Streamable HTTP.
    Http {
        /// Its address.
        url: String,
        /// The headers sent with each request.
        headers: Vec<(String, String)>,
    },
}

/// The variables that say where the key is: a new entry brings its own, whatever the old one had.
pub const KEY_VARIABLES: [&str; 3] = ["ONCEHUB_API_KEY", "ONCEHUB_API_KEY_FILE", "ONCEHUB_MCP_KEYCHAIN"];

/// The headers that carry a key.
pub(super) const KEY_HEADERS: [&str; 2] = ["API-Key", "Authorization"];

impl Entry {
    /// Returns the first of its fields whose value contains `sign`.
    pub(super) fn field_with(&self, sign: &str) -> Option<&str> {
        let (words, pairs) = match self {
            Self::Stdio { command, args, env } => {
                (std::iter::once(("command", command)).chain(args.iter().map(|word| ("args", word))).collect(), env)
            }
            Self::Http { url, headers } => (vec![("url", url)], headers),
        };
        let words = words.into_iter().chain(pairs.iter().map(|(name, value)| (name.as_str(), value)));
        words.into_iter().find(|(_, text)| text.contains(sign)).map(|(field, _)| field)
    }
}
