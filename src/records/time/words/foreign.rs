//! Words of other languages for days. None is understood, since some mean two things: `mañana` and `morgen` are tomorrow
//! and morning. Each is refused with the English word.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Words without accents, by the English word for them: Spanish, French, German, Italian, Portuguese and Dutch.
const WORDS: [(&str, &[&str]); 10] = [
    ("today", &["hoy", "aujourd'hui", "heute", "oggi", "hoje", "vandaag"]),
    ("tomorrow", &["manana", "demain", "morgen", "domani", "amanha"]),
    ("yesterday", &["ayer", "hier", "gestern", "ieri", "ontem", "gisteren"]),
    ("monday", &["lunes", "lundi", "montag", "lunedi", "segunda-feira", "segunda", "maandag"]),
    ("tuesday", &["martes", "mardi", "dienstag", "martedi", "terca-feira", "terca", "dinsdag"]),
    ("wednesday", &["miercoles", "mercredi", "mittwoch", "mercoledi", "quarta-feira", "quarta", "woensdag"]),
    ("thursday", &["jueves", "jeudi", "donnerstag", "giovedi", "quinta-feira", "quinta", "donderdag"]),
    ("friday", &["viernes", "vendredi", "freitag", "venerdi", "sexta-feira", "sexta", "vrijdag"]),
    ("saturday", &["sabado", "samedi", "samstag", "sonnabend", "sabato", "zaterdag"]),
    ("sunday", &["domingo", "dimanche", "sonntag", "domenica", "zondag"]),
];

/// Returns the English word for a foreign one, which is given in lower case.
pub(super) fn english(word: &str) -> Option<&'static str> {
    let plain: String = word.nfd().filter(|c| !is_combining_mark(*c)).collect();
    WORDS.iter().find(|(_, words)| words.contains(&plain.as_str())).map(|(english, _)| *english)
}
