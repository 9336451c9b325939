//! Which hosts can connect, by what has been found.

use strum::EnumIter;

use super::greeting::Header;
use crate::cli::check::report::Report;

/// A way to register, by the host that needs it so.
#[derive(Clone, Copy, Debug, EnumIter, PartialEq, Eq)]
pub(super) enum Registers {
    /// One address of the web, and no secret.
    Claude,
    /// Several addresses, one with a scheme of its own.
    Cursor,
    /// With a secret.
    Microsoft,
    /// An address on the person's own computer.
    Gemini,
}

impl Registers {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Claude => "Claude",
            Self::Cursor => "Cursor",
            Self::Microsoft => "Microsoft 365 Copilot",
            Self::Gemini => "Gemini CLI",
        }
    }
}

/// A host, as far as it matters for how it connects.
struct Host {
    name: &'static str,
    /// Whether it is known by a document.
    has_document: bool,
    /// How it registers.
    registers: Registers,
    /// Whether people can give it a header.
    sends_header: bool,
    /// Whether its calls come from the internet, and not from the person's own computer.
    is_remote: bool,
}

const HOSTS: &[Host] = &[
    host("Claude", Registers::Claude).with_document().remote(),
    host("ChatGPT", Registers::Claude).with_document().remote(),
    host("Grok", Registers::Claude).with_document().remote(),
    host("Copilot Studio", Registers::Claude).with_header().remote(),
    host("Microsoft 365 Copilot", Registers::Microsoft).remote(),
    host("Claude Code", Registers::Gemini).with_document().with_header(),
    host("Codex", Registers::Gemini).with_document().with_header(),
    host("VS Code", Registers::Gemini).with_document().with_header(),
    host("Cursor", Registers::Cursor).with_header(),
    host("Gemini CLI", Registers::Gemini).with_header(),
    host("Goose", Registers::Gemini).with_document().with_header(),
];

const fn host(name: &'static str, registers: Registers) -> Host {
    Host { name, has_document: false, registers, sends_header: false, is_remote: false }
}

impl Host {
    const fn with_document(self) -> Self {
        Self { has_document: true, ..self }
    }

    const fn with_header(self) -> Self {
        Self { sends_header: true, ..self }
    }

    const fn remote(self) -> Self {
        Self { is_remote: true, ..self }
    }
}

/// Whether people can sign in.
pub(super) enum SignIn {
    /// The server has not said that they can.
    Unsaid,
    /// It has, and something is in the way.
    Broken,
    Works {
        /// Whether clients' documents are taken.
        takes_documents: bool,
        /// How clients can register.
        ways: Vec<Registers>,
    },
}

/// How hosts can show who is calling.
pub(super) struct Ways {
    pub(super) sign_in: SignIn,
    /// The header that is taken instead.
    pub(super) header: Option<Header>,
    /// Whether nothing has to be shown.
    pub(super) is_open: bool,
    /// Whether the internet may reach it.
    pub(super) is_public: bool,
}

impl Ways {
    fn by_header(&self, host: &Host) -> bool {
        // A server that has not said which, and at which people sign in, may take none.
        let is_taken = match (self.header, &self.sign_in) {
            (None, _) | (Some(Header::Unknown), SignIn::Broken | SignIn::Works { .. }) => false,
            (Some(_), _) => true,
        };
        is_taken && host.sends_header
    }

    fn by_sign_in(&self, host: &Host) -> bool {
        let SignIn::Works { takes_documents, ways } = &self.sign_in else { return false };
        host.has_document && *takes_documents || ways.contains(&host.registers)
    }
}

/// Reports which hosts can connect, and which cannot.
pub(super) fn tell(report: &mut Report, ways: &Ways) {
    let (mut by_sign_in, mut by_header, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let (mut too_far, mut unable) = (Vec::new(), Vec::new());
    for host in HOSTS {
        let to = if host.is_remote && !ways.is_public {
            &mut too_far
        } else if ways.is_open {
            &mut open
        } else if ways.by_sign_in(host) {
            &mut by_sign_in
        } else if ways.by_header(host) {
            &mut by_header
        } else {
            &mut unable
        };
        to.push(host.name);
    }
    let header = match ways.header {
        Some(Header::Key) => "by a key in the header API-Key",
        Some(Header::Token) => "by the server's token in the header Authorization",
        _ => "by a header, if the server takes one",
    };
    let mut is_any = false;
    for (how, names) in [("by sign-in", by_sign_in), (header, by_header), ("without anything", open)] {
        if !names.is_empty() {
            is_any = true;
            report.fine("hosts", &format!("{how}: {}", names.join(", ")));
        }
    }
    if !too_far.is_empty() {
        let finding = format!("not from here, but over the internet only: {}", too_far.join(", "));
        report.unknown("hosts", &finding, "operator: check the address that they are given, from outside");
    }
    if !unable.is_empty() {
        let hint = match &ways.sign_in {
            SignIn::Unsaid => "operator: they need sign-in (--oauth keys)",
            SignIn::Broken => "you: see the findings above",
            SignIn::Works { .. } => {
                "operator: let them register, or give them an id and a secret (--oauth-clients-file)"
            }
        };
        let finding = format!("not: {}", unable.join(", "));
        if is_any { report.warn("hosts", &finding, hint) } else { report.bad("hosts", &finding, hint) }
    }
}
