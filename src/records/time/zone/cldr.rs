//! What Unicode's CLDR knows of zones: the names that Windows gives them, as in Outlook's and Exchange's exports, and
//! which of IANA's names is the current one.

use icu_time::zone::WindowsParser;
use icu_time::zone::iana::IanaParserExtended;

/// Returns the IANA name of a Windows zone, which is given in lower case.
pub(super) fn windows(lower: &str) -> Option<&'static str> {
    // No name is longer.
    if lower.len() > 40 {
        return None;
    }
    let name = capitalized(lower);
    // CLDR's names are case-sensitive, and AUS Central Standard Time is next to Aus Central W. Standard Time.
    let spellings = [name.replace("AUS ", "Aus "), name];
    let zone = spellings.iter().find_map(|name| WindowsParser::new().parse(name, None))?;
    IanaParserExtended::new().iter().find(|known| known.time_zone == zone).map(|known| known.canonical)
}

/// Returns the current names of all zones.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    IanaParserExtended::new().iter().map(|known| known.canonical)
}

/// Capitalizes a name as Windows does: `SA Pacific Standard Time`, `Central Standard Time (Mexico)`.
fn capitalized(lower: &str) -> String {
    let word = |word: &str| match word {
        "aus" | "fle" | "gmt" | "gtb" | "sa" | "se" | "us" => word.to_uppercase(),
        _ => {
            let mut is_inside = false;
            let capital = |c: char| {
                let is_first = !std::mem::replace(&mut is_inside, c.is_alphabetic());
                if is_first { c.to_ascii_uppercase() } else { c }
            };
            word.chars().map(capital).collect()
        }
    };
    lower.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}
