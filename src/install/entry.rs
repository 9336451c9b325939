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

/// The headers that carry a key, or a server's token.
pub const KEY_HEADERS: [&str; 2] = ["API-Key", "Authorization"];

impl Entry {
    /// Returns the variables or headers that carry its key, or say where it is.
    pub fn key_pairs(&self) -> Vec<(String, String)> {
        let (pairs, names): (_, &[&str]) = match self {
            Self::Stdio { env, .. } => (env, &KEY_VARIABLES),
            Self::Http { headers, .. } => (headers, &KEY_HEADERS),
        };
        let is_one = |name: &str| names.iter().any(|key| key.eq_ignore_ascii_case(name));
        pairs.iter().filter(|(name, _)| is_one(name)).cloned().collect()
    }

    /// Returns whether it holds a key or a token itself: neither a place where that is kept, nor a variable's name.
    pub fn holds_key(&self) -> bool {
        let is_place = |name: &str| KEY_VARIABLES.iter().skip(1).any(|place| *place == name);
        let pairs = self.key_pairs();
        pairs.iter().any(|(name, value)| !is_place(name) && !value.trim().is_empty() && !value.contains("${"))
    }

    /// Returns the first of its fields whose value contains `sign`; what `is_old` was there before, on purpose.
    pub(super) fn field_with(&self, sign: &str, is_old: impl Fn(&str) -> bool) -> Option<&str> {
        let (words, pairs) = match self {
            Self::Stdio { command, args, env } => {
                (std::iter::once(("command", command)).chain(args.iter().map(|word| ("args", word))).collect(), env)
            }
            Self::Http { url, headers } => (vec![("url", url)], headers),
        };
        let words = words.into_iter().chain(pairs.iter().map(|(name, value)| (name.as_str(), value)));
        words.into_iter().find(|(_, text)| text.contains(sign) && !is_old(text)).map(|(field, _)| field)
    }
}
