//! `/users/{id}/scheduling-availability`: when a user takes meetings, and where.

use jiff::civil::{Date, Weekday};
use serde_json::{Map, Value};

use super::request::{Answer, Refusal, Reply, Request, repeated};
use super::world::{Hours, Location, User, Venue, World, zone};

/// The days under OnceHub's names, in the order in which it lists them.
pub(super) const DAYS: [(&str, Weekday); 7] = [
    ("Monday", Weekday::Monday),
    ("Tuesday", Weekday::Tuesday),
    ("Wednesday", Weekday::Wednesday),
    ("Thursday", Weekday::Thursday),
    ("Friday", Weekday::Friday),
    ("Saturday", Weekday::Saturday),
    ("Sunday", Weekday::Sunday),
];

/// Finds a user; a deleted one has no availability left.
fn find<'a>(world: &'a World, id: &str) -> Result<&'a User, Refusal> {
    world.user(id).filter(|user| !user.deleted).ok_or_else(|| Refusal::not_found("user", id))
}

/// Two parameters, which only their error messages document, narrow the overrides.
pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&["overrides_start_time", "overrides_end_time"])?;
    let date = |name: &str| {
        let refused = || Refusal::new(400, format!("Invalid date format for {name}. Expected format: YYYY-MM-DD"));
        request.param(name).map(|text| read_date(text).ok_or_else(|| refused().about(name))).transpose()
    };
    let (first, last) = (date("overrides_start_time")?, date("overrides_end_time")?);
    let inside = |date: Date| first.is_none_or(|first| date >= first) && last.is_none_or(|last| date <= last);
    Ok(Reply::ok(find(world, id)?.show_schedule(inside)))
}

/// Replaces whole days and dates, or nothing if any of it is rejected.
pub(super) fn update(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let given = request.changes(&[])?;
    only(&given, &["weekly", "overrides"])?;
    let user = find(world, id)?;
    let today = world.time().to_zoned(zone(&user.zone)).date();
    let days = given.get("weekly").map_or(Ok(Vec::new()), |days| Part { world, root: "weekly" }.weekly(days))?;
    let overrides = Part { world, root: "overrides" };
    let dates = given.get("overrides").map_or(Ok(Vec::new()), |dates| overrides.overrides(dates, today))?;
    let Some(user) = world.users.iter_mut().find(|user| user.id == id) else {
        return Err(Refusal::not_found("user", id));
    };
    for (day, hours) in days {
        user.weekly.retain(|(known, _)| *known != day);
        user.weekly.push((day, hours));
    }
    for (date, hours) in dates {
        match hours {
            Some(hours) => user.overrides.insert(date, hours),
            None => user.overrides.remove(&date),
        };
    }
    Ok(Reply::ok(user.show_schedule(|_| true)))
}

/// Rejects unknown fields: availability accepts none, at any depth, and calls them parameters.
fn only(fields: &Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Refusal::new(400, format!("Received unknown parameter: {key}")).about(key)),
        None => Ok(()),
    }
}

/// Parses YYYY-MM-DD and nothing else.
fn read_date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|date: &Date| date.to_string() == text)
}

/// The part of a change being read: `weekly` or `overrides`, with which every parameter in a refusal begins.
struct Part<'a> {
    world: &'a World,
    root: &'static str,
}

/// Dates with their hours; a date without any goes back to those of its day of the week.
type Dates = Vec<(Date, Option<Vec<Hours>>)>;

impl Part<'_> {
    fn refused(&self, status: u16, path: &str, message: impl Into<String>) -> Refusal {
        Refusal::new(status, message).about(format!("{}{path}", self.root))
    }

    fn missing(&self, path: &str) -> Refusal {
        self.refused(400, path, "Required fields are missing.")
    }

    /// Returns the objects of an array.
    fn objects<'v>(&self, path: &str, value: &'v Value) -> Result<Vec<&'v Map<String, Value>>, Refusal> {
        let objects = value.as_array().and_then(|rows| rows.iter().map(Value::as_object).collect());
        objects.ok_or_else(|| self.refused(400, path, "Must be an array of objects."))
    }

    fn twice(&self, what: &str) -> Refusal {
        self.refused(400, "", format!("Duplicate entry for day or date: '{what}'"))
    }

    fn weekly(&self, value: &Value) -> Result<Vec<(Weekday, Vec<Hours>)>, Refusal> {
        let mut days: Vec<(Weekday, Vec<Hours>)> = Vec::new();
        for row in self.objects("", value)? {
            only(row, &["day", "working_hours"])?;
            let name = row.get("day").unwrap_or(&Value::Null);
            let known = DAYS.iter().find(|(day, _)| name == day);
            let (name, day) =
                known.ok_or_else(|| self.refused(400, ".day", format!("Invalid day: '{}'", repeated(name))))?;
            if days.iter().any(|(known, _)| known == day) {
                return Err(self.twice(name));
            }
            let hours = match row.get("working_hours") {
                None => return Err(self.missing(".working_hours")),
                Some(Value::Null) => {
                    return Err(self.refused(400, ".working_hours", "working_hours cannot be null"));
                }
                Some(hours) => self.working_hours(hours)?,
            };
            days.push((*day, hours));
        }
        Ok(days)
    }

    fn overrides(&self, value: &Value, today: Date) -> Result<Dates, Refusal> {
        let mut dates = Dates::new();
        for row in self.objects("", value)? {
            only(row, &["date", "working_hours"])?;
            let text = match row.get("date") {
                None | Some(Value::Null) => return Err(self.missing(".date")),
                Some(date) => repeated(date),
            };
            let odd = || self.refused(400, ".date", "Invalid date format for date. Expected format: YYYY-MM-DD");
            let date = read_date(&text).ok_or_else(odd)?;
            if date < today {
                return Err(self.refused(400, ".date", format!("Date cannot be in the past: '{text}'")));
            }
            if dates.iter().any(|(known, _)| *known == date) {
                return Err(self.twice(&text));
            }
            let hours = match row.get("working_hours") {
                None => return Err(self.missing(".working_hours")),
                Some(Value::Null) => None,
                Some(hours) => Some(self.working_hours(hours)?),
            };
            dates.push((date, hours));
        }
        Ok(dates)
    }

    fn working_hours(&self, value: &Value) -> Result<Vec<Hours>, Refusal> {
        let mut all: Vec<Hours> = Vec::new();
        for row in self.objects(".working_hours", value)? {
            only(row, &["start_time", "end_time", "locations"])?;
            let (begin, start_time) = self.time(row, "start_time", "start time")?;
            let (end, end_time) = self.time(row, "end_time", "end time")?;
            if end <= begin {
                let message = format!("end time should be after start time: '{end_time}'");
                return Err(self.refused(400, ".working_hours.end_time", message));
            }
            if all.iter().any(|other| begin < other.end && other.begin < end) {
                let message = format!("availability range is overlapping: '{start_time}-{end_time}'");
                return Err(self.refused(400, ".working_hours", message));
            }
            all.push(Hours { begin, end, venues: self.venues(row)? });
        }
        all.sort_by_key(|hours| hours.begin);
        Ok(all)
    }

    /// Returns a time on the quarter hour, in minutes of the day, and as it was written.
    fn time<'v>(&self, row: &'v Map<String, Value>, field: &str, words: &str) -> Result<(i16, &'v str), Refusal> {
        let path = format!(".working_hours.{field}");
        let given = row.get(field).filter(|value| !value.is_null()).ok_or_else(|| self.missing(&path))?;
        let read = given.as_str().and_then(|text| Some((read_time(text)?, text)));
        let odd = || self.refused(400, &path, format!("Invalid time format: '{}'", repeated(given)));
        let (minutes, text) = read.ok_or_else(odd)?;
        if minutes % 15 != 0 {
            return Err(self.refused(400, &path, format!("{words} should be multiple of 15: '{text}'")));
        }
        Ok((minutes, text))
    }

    /// Returns where meetings can take place during some hours: each kind once, and only one of the two kinds of link.
    fn venues(&self, row: &Map<String, Value>) -> Result<Vec<Venue>, Refusal> {
        const PATH: &str = ".working_hours.locations";
        let given = row.get("locations").filter(|value| !value.is_null()).ok_or_else(|| self.missing(PATH))?;
        let mut venues: Vec<Venue> = Vec::new();
        for location in self.objects(PATH, given)? {
            let venue = self.venue(PATH, location)?;
            if venues.iter().any(|known| known.kind() == venue.kind()) {
                return Err(self.refused(400, PATH, format!("Duplicate location type: '{}'", venue.kind())));
            }
            venues.push(venue);
        }
        let has = |kind: &str| venues.iter().any(|venue| venue.kind() == kind);
        if has("online_dynamic_link") && has("online_static_link") {
            return Err(self.refused(422, PATH, "You can set either online_dynamic_link or online_static_link"));
        }
        Ok(venues)
    }

    fn venue(&self, path: &str, location: &Map<String, Value>) -> Result<Venue, Refusal> {
        only(location, &["type", "value", "id"])?;
        let text = |name: &str| location.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        match text("type").unwrap_or_default() {
            "in_person_by_host" => {
                let id = text("id").ok_or_else(|| self.missing(&format!("{path}.id")))?;
                let unknown = || self.refused(400, &format!("{path}.id"), format!("Invalid id: '{id}'"));
                let address = address(self.world, id).ok_or_else(unknown)?;
                Ok(Venue::InPersonByHost { id: id.to_owned(), address: address.to_owned() })
            }
            "online_static_link" => {
                let url = text("value").ok_or_else(|| self.missing(&format!("{path}.value")))?;
                Ok(Venue::StaticLink(url.to_owned()))
            }
            // The provider follows from what the user has connected, whatever value is sent.
            "online_dynamic_link" => Ok(Venue::DynamicLink),
            "in_person_by_guest" => Ok(Venue::InPersonByGuest),
            "phone_by_guest" => Ok(Venue::PhoneByGuest),
            _ => {
                let kind = location.get("type").map(repeated).unwrap_or_default();
                Err(self.refused(400, &format!("{path}.type"), format!("Invalid location type: '{kind}'")))
            }
        }
    }
}

/// Parses HH:MM and nothing else, into minutes of the day.
fn read_time(text: &str) -> Option<i16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str, most: i16| {
        let is_number = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse().ok().filter(|number: &i16| is_number && *number <= most)
    };
    Some(number(hours, 23)? * 60 + number(minutes, 59)?)
}

/// Finds an address of the account. No list of them exists: they are known from the calendars that use them.
fn address(world: &World, wanted: &str) -> Option<&'static str> {
    world.calendars.iter().flat_map(|calendar| &calendar.locations).find_map(|location| match location {
        Location::Physical { id, address } if *id == wanted => Some(*address),
        _ => None,
    })
}
