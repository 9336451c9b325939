//! `/users/{id}/scheduling-availability`: when a user takes meetings, and where.

use jiff::civil::{Date, Weekday};
use serde_json::{Map, Value, json};

use super::noun::{live, live_mut};
use super::request::{Answer, Refusal, Reply, Request, ensure, only};
use super::world::{Hours, Location, User, Venue, World, zone};

/// Returns the days under OnceHub's names, in the order in which it lists them.
fn days() -> impl Iterator<Item = (&'static str, Weekday)> {
    let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    names.into_iter().zip(Weekday::Monday.cycle_forward())
}

impl User {
    /// Shows when and where they take meetings: all days of the week, and the overrides on the dates wanted.
    pub(super) fn show_schedule(&self, wanted: impl Fn(Date) -> bool) -> Value {
        let show = |hours: &[Hours]| hours.iter().map(|hours| hours.show(self.video)).collect::<Vec<Value>>();
        let weekly = days().map(|(name, day)| {
            let hours = self.weekly.get(&day).map_or(&[][..], Vec::as_slice);
            json!({"day": name, "working_hours": show(hours)})
        });
        let overrides = self.overrides.iter().filter(|(date, _)| wanted(**date)).map(|(date, hours)| {
            json!({
                "date": date.to_string(), "day": date.strftime("%A").to_string(), "working_hours": show(hours),
            })
        });
        json!({
            "object": "schedule", "timezone": self.zone, "weekly": weekly.collect::<Vec<_>>(),
            "overrides": overrides.collect::<Vec<_>>(),
        })
    }
}

impl Hours {
    fn show(&self, video: &[&str]) -> Value {
        let time = |minutes: i16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        // A dynamic link is shown once for each video service that the user has connected.
        let locations = self.venues.iter().flat_map(|venue| match venue.kind {
            "online_dynamic_link" if !video.is_empty() => {
                video.iter().map(|service| Venue { value: Some((*service).to_owned()), ..venue.clone() }).collect()
            }
            _ => vec![venue.clone()],
        });
        let locations: Vec<Venue> = locations.collect();
        json!({"start_time": time(self.begin), "end_time": time(self.end), "locations": locations})
    }
}

/// Two parameters, which only their error messages document, narrow the overrides.
pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&["overrides_start_time", "overrides_end_time"])?;
    let date = |name: &str| {
        let refused = || Refusal::bad(name, format!("Invalid date format for {name}. Expected format: YYYY-MM-DD"));
        request.param(name).map(|text| read_date(text).ok_or_else(refused)).transpose()
    };
    let (first, last) = (date("overrides_start_time")?, date("overrides_end_time")?);
    let inside = |date: Date| first.is_none_or(|first| date >= first) && last.is_none_or(|last| date <= last);
    Ok(Reply::ok(live(&world.users, id)?.show_schedule(inside)))
}

/// Replaces whole days and dates, or nothing if any of it is rejected.
pub(super) fn update(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let given = request.changes(&[])?;
    only(given.keys(), |name| ["weekly", "overrides"].contains(&name))?;
    let user = live(&world.users, id)?;
    let today = world.time().to_zoned(zone(&user.zone)).date();
    let (weekly, overrides) = (Part { world, root: "weekly" }, Part { world, root: "overrides" });
    let days = given.get("weekly").map_or(Ok(Vec::new()), |days| weekly.days(days))?;
    let dates = given.get("overrides").map_or(Ok(Vec::new()), |dates| overrides.dates(dates, today))?;
    let user = live_mut(&mut world.users, id)?;
    user.weekly.extend(days.into_iter().map(|(day, hours)| (day, hours.unwrap_or_default())));
    for (date, hours) in dates {
        match hours {
            Some(hours) => user.overrides.insert(date, hours),
            None => user.overrides.remove(&date),
        };
    }
    Ok(Reply::ok(user.show_schedule(|_| true)))
}

/// Parses YYYY-MM-DD and nothing else.
fn read_date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|date: &Date| date.to_string() == text)
}

/// The part of a change being read: `weekly` or `overrides`, with which every parameter in a rejection begins.
struct Part<'a> {
    world: &'a World,
    root: &'static str,
}

/// Days of the week, or dates, with their hours; a date without any goes back to those of its day of the week.
type Entries<K> = Vec<(K, Option<Vec<Hours>>)>;

const HOURS: &str = ".working_hours";
const LOCATIONS: &str = ".working_hours.locations";

impl Part<'_> {
    fn param(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    fn refused(&self, path: &str, message: impl Into<String>) -> Refusal {
        Refusal::bad(self.param(path), message)
    }

    /// Returns a field that is required and cannot be null.
    fn required<'v>(&self, path: &str, row: &'v Map<String, Value>, field: &str) -> Result<&'v Value, Refusal> {
        let given = row.get(field).filter(|value| !value.is_null());
        given.ok_or_else(|| Refusal::missing(self.param(&format!("{path}.{field}"))))
    }

    /// Returns the objects of an array.
    fn objects<'v>(&self, path: &str, value: &'v Value) -> Result<Vec<&'v Map<String, Value>>, Refusal> {
        let objects = value.as_array().and_then(|rows| rows.iter().map(Value::as_object).collect());
        objects.ok_or_else(|| self.refused(path, "Must be an array of objects."))
    }

    fn days(&self, value: &Value) -> Result<Entries<Weekday>, Refusal> {
        self.entries(value, "day", |row| {
            let given = row.get("day").unwrap_or(&Value::Null);
            let known = days().find(|(day, _)| given == day);
            let (name, day) = known.ok_or_else(|| Refusal::invalid(self.param(".day"), "day", given))?;
            Ok((day, name.to_owned()))
        })
    }

    fn dates(&self, value: &Value, today: Date) -> Result<Entries<Date>, Refusal> {
        self.entries(value, "date", |row| {
            let given = self.required("", row, "date")?;
            let odd = || self.refused(".date", "Invalid date format for date. Expected format: YYYY-MM-DD");
            let date = given.as_str().and_then(read_date).ok_or_else(odd)?;
            ensure(date >= today, self.refused(".date", format!("Date cannot be in the past: '{date}'")))?;
            Ok((date, date.to_string()))
        })
    }

    /// Reads days or dates, each once. `key` returns which one a row is about, and its name.
    fn entries<K: PartialEq>(
        &self,
        value: &Value,
        field: &str,
        key: impl Fn(&Map<String, Value>) -> Result<(K, String), Refusal>,
    ) -> Result<Entries<K>, Refusal> {
        let mut entries = Entries::new();
        for row in self.objects("", value)? {
            only(row.keys(), |name| [field, "working_hours"].contains(&name))?;
            let (key, name) = key(row)?;
            let is_new = entries.iter().all(|(known, _)| *known != key);
            ensure(is_new, self.refused("", format!("Duplicate entry for day or date: '{name}'")))?;
            let hours = match row.get("working_hours") {
                None => return Err(Refusal::missing(self.param(HOURS))),
                Some(Value::Null) if self.root == "weekly" => {
                    return Err(self.refused(HOURS, "working_hours cannot be null"));
                }
                Some(Value::Null) => None,
                Some(hours) => Some(self.working_hours(hours)?),
            };
            entries.push((key, hours));
        }
        Ok(entries)
    }

    fn working_hours(&self, value: &Value) -> Result<Vec<Hours>, Refusal> {
        let mut all: Vec<Hours> = Vec::new();
        for row in self.objects(HOURS, value)? {
            only(row.keys(), |name| ["start_time", "end_time", "locations"].contains(&name))?;
            let (begin, start_time) = self.time(row, "start_time", "start time")?;
            let (end, end_time) = self.time(row, "end_time", "end time")?;
            let message = format!("end time should be after start time: '{end_time}'");
            ensure(begin < end, self.refused(".working_hours.end_time", message))?;
            let overlaps = all.iter().any(|other| begin < other.end && other.begin < end);
            let message = format!("availability range is overlapping: '{start_time}-{end_time}'");
            ensure(!overlaps, self.refused(HOURS, message))?;
            all.push(Hours { begin, end, venues: self.venues(row)? });
        }
        all.sort_by_key(|hours| hours.begin);
        Ok(all)
    }

    /// Returns a time on the quarter hour, in minutes of the day, and as it was written.
    fn time<'v>(&self, row: &'v Map<String, Value>, field: &str, words: &str) -> Result<(i16, &'v str), Refusal> {
        let given = self.required(HOURS, row, field)?;
        let path = format!("{HOURS}.{field}");
        let read = given.as_str().and_then(|text| Some((read_time(text)?, text)));
        let (minutes, text) = read.ok_or_else(|| Refusal::invalid(self.param(&path), "time format", given))?;
        ensure(minutes % 15 == 0, self.refused(&path, format!("{words} should be multiple of 15: '{text}'")))?;
        Ok((minutes, text))
    }

    /// Returns where meetings can take place during some hours: each kind once, and only one of the two kinds of link.
    fn venues(&self, row: &Map<String, Value>) -> Result<Vec<Venue>, Refusal> {
        let given = self.required(HOURS, row, "locations")?;
        let mut venues: Vec<Venue> = Vec::new();
        for location in self.objects(LOCATIONS, given)? {
            let venue = self.venue(location)?;
            let is_new = venues.iter().all(|known| known.kind != venue.kind);
            ensure(is_new, self.refused(LOCATIONS, format!("Duplicate location type: '{}'", venue.kind)))?;
            venues.push(venue);
        }
        let has = |kind: &str| venues.iter().any(|venue| venue.kind == kind);
        let both = Refusal::new(422, "You can set either online_dynamic_link or online_static_link");
        let has_both = has("online_dynamic_link") && has("online_static_link");
        ensure(!has_both, both.about(self.param(LOCATIONS)))?;
        Ok(venues)
    }

    fn venue(&self, location: &Map<String, Value>) -> Result<Venue, Refusal> {
        only(location.keys(), |name| ["type", "value", "id"].contains(&name))?;
        let text = |name: &str| location.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        let needed =
            |name: &str| text(name).ok_or_else(|| Refusal::missing(self.param(&format!("{LOCATIONS}.{name}"))));
        Ok(match text("type").unwrap_or_default() {
            "in_person_by_host" => {
                let id = needed("id")?;
                let unknown = || self.refused(&format!("{LOCATIONS}.id"), format!("Invalid id: '{id}'"));
                Venue::at(id, address(self.world, id).ok_or_else(unknown)?)
            }
            "online_static_link" => Venue::link(needed("value")?),
            // The provider follows from what the user has connected, whatever value is sent.
            "online_dynamic_link" => Venue::new("online_dynamic_link"),
            "in_person_by_guest" => Venue::new("in_person_by_guest"),
            "phone_by_guest" => Venue::new("phone_by_guest"),
            _ => {
                let kind = location.get("type").unwrap_or(&Value::Null);
                return Err(Refusal::invalid(self.param(&format!("{LOCATIONS}.type")), "location type", kind));
            }
        })
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
