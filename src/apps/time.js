// Instants in words, by Intl. The server reckons with zones; here, instants are shown, and dates counted.

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();
/** @type {Map<string | undefined, string>} */
const tongues = new Map();

/**
 * tongue is the locale of dates: the host's, if it is English; else the English of Britain with the clock of the host's, as
 * all our words are English.
 * @returns {string}
 */
function tongue() {
  const asked = host.context.locale;
  const known = tongues.get(asked);
  if (known) return known;
  let locale = "en-GB";
  for (const each of [navigator.language, asked])
    try {
      locale = Intl.getCanonicalLocales(each)[0] ?? locale;
    } catch {
      // What is no locale does not count.
    }
  const { hourCycle } = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions();
  const ours = /^en\b/i.test(locale) ? locale : `en-GB-u-hc-${hourCycle ?? "h23"}`;
  tongues.set(asked, ours);
  return ours;
}

/** isZone tells whether Intl knows the zone. @param {any} zone @returns {zone is string} */
function isZone(zone) {
  try {
    return typeof zone === "string" && !!new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch {
    return false;
  }
}

/** isInstant tells whether `value` is a time in writing. @param {any} value @returns {value is string} */
const isInstant = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) && !isNaN(Date.parse(value));

/** formatter is made once for a zone, options and a locale: it takes long. @param {string} zone @param {Intl.DateTimeFormatOptions} options @param {string} [locale] */
function formatter(zone, options, locale = tongue()) {
  const key = JSON.stringify([locale, zone, options]);
  const format =
    formats.get(key) ?? new Intl.DateTimeFormat(locale, { timeZone: isZone(zone) ? zone : "UTC", ...options });
  formats.set(key, format);
  return format;
}

/** written formats an instant in a zone. @param {string | number} instant @param {string} zone @param {Intl.DateTimeFormatOptions} options @param {string} [locale] */
const written = (instant, zone, options, locale) => formatter(zone, options, locale).format(new Date(instant));

/** clock is the time of day: "14:30", or "2:30 PM". @param {string | number} instant @param {string} zone */
const clock = (instant, zone) => written(instant, zone, { hour: "numeric", minute: "2-digit" });

/** dateOf is the date of an instant in a zone, as 2026-12-01. @param {string | number} instant @param {string} zone */
const dateOf = (instant, zone) =>
  written(instant, zone, { year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA");

/** addDays counts days on from a date. @param {string} date @param {number} days */
const addDays = (date, days) => new Date(Date.parse(`${date}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** @type {Intl.DateTimeFormatOptions} */
const LONG = { weekday: "long", day: "numeric", month: "long" };

/** day writes a date: as "Tuesday 1 December" unless `options` say otherwise. @param {string} date @param {Intl.DateTimeFormatOptions} [options] */
const day = (date, options = LONG) => written(`${date}T12:00Z`, "UTC", options);

/** offset is the zone's distance from UTC at an instant: "GMT+1". @param {string | number} instant @param {string} zone */
const offset = (instant, zone) =>
  formatter(zone, { timeZoneName: "shortOffset" }, "en")
    .formatToParts(new Date(instant))
    .find(({ type }) => type === "timeZoneName")?.value ?? "GMT";

/** city is a zone's name for people: "New York". @param {string} zone */
const city = (zone) => clean(zone, 60).replace(/.*\//, "").replaceAll("_", " ");

/**
 * span writes a meeting: "Tuesday 1 December 2026, 14:00–14:30 (London, GMT)".
 * @param {string} instant @param {number} minutes @param {string} zone
 */
function span(instant, minutes, zone) {
  const end = Date.parse(instant) + (Number(minutes) || 0) * 60_000;
  const date = written(instant, zone, { ...LONG, year: "numeric" });
  const until = minutes > 0 ? `\u2060–\u2060${clock(end, zone)}` : "";
  return el(
    "time",
    { datetime: instant },
    `${date}, ${clock(instant, zone)}${until} (${city(zone)}, ${offset(instant, zone)})`,
  );
}

/**
 * elsewhere says the same time as it is for somebody whose clock differs: "Tue 5:30 in New York for the host".
 * @param {string} instant @param {string} here @param {any} there @param {string} whose
 */
const elsewhere = (instant, here, there, whose) =>
  isZone(there) &&
  offset(instant, here) !== offset(instant, there) &&
  el(
    "p",
    { class: "dim" },
    `${written(instant, there, { weekday: "short" })} ${clock(instant, there)} in ${city(there)} for the ${whose}`,
  );

/** hereZone is the person's own zone: the host's word, else the browser's. */
const hereZone = () =>
  isZone(host.context.timeZone) ? host.context.timeZone : Intl.DateTimeFormat().resolvedOptions().timeZone;

/** isStale tells whether what was read then is too old to act on without reading again. A time to come is of another clock. @param {any} asOf an instant */
const isStale = (asOf) => !isInstant(asOf) || Math.abs(Date.now() - Date.parse(asOf)) > 120_000;
