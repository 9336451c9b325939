//! Where a moved meeting takes place: where it did, if the new start offers that.

use url::Url;

use crate::oncehub::booking_calendars::Location;
use crate::records::slot::{Place, described, text_of};
use crate::records::{Booking, Slot, quoted, word};

/// The video services by the domains of their links.
const SERVICES: [(&str, &str); 8] = [
    ("google_meet", "meet.google.com"),
    ("microsoft_teams", "teams.microsoft.com"),
    ("microsoft_teams", "teams.live.com"),
    ("zoom", "zoom.us"),
    ("zoom", "zoom.com"),
    ("webex", "webex.com"),
    ("gotomeeting", "gotomeeting.com"),
    ("gotomeeting", "meet.goto.com"),
];

/// Returns the place of a booking among those of a start, and a sentence if there is none: then OnceHub chooses.
pub(super) fn of(booking: &Booking, slot: &Slot) -> (Option<Location>, Option<String>) {
    let here =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (link, place) = (here(&booking.join_url().map(str::to_owned)), here(&booking.location_description));
    let found = slot.locations.iter().find_map(|offered| same(offered, link.as_deref(), place.as_deref(), booking));
    if found.is_some() {
        return (found, None);
    }
    let was = match (&link, &place) {
        (Some(link), _) => word(link),
        (None, Some(place)) => quoted(place, 120),
        (None, None) => return (None, None),
    };
    let offered = described(&slot.locations);
    let among = if offered.is_empty() { String::new() } else { format!(" among {offered}") };
    (None, Some(format!("Where it takes place may change: it was {was}, and OnceHub chooses{among}.")))
}

/// Returns a place that is offered as it is requested, if it is where the booking takes place.
fn same(offered: &Place, link: Option<&str>, place: Option<&str>, booking: &Booking) -> Option<Location> {
    let kind = text_of(offered, "type")?;
    let own = text_of(offered, "value");
    let value = match kind {
        "virtual" => Some(own.filter(|service| link.and_then(service_of) == Some(service))?.to_owned()),
        "virtual_static" => {
            let is_link = |text: &str| text.starts_with("https://") || text.starts_with("http://");
            let is_some_room = link.is_some_and(|link| service_of(link).is_none()) || place.is_some_and(is_link);
            is_some_room.then_some(())?;
            None
        }
        "physical" => {
            let id = text_of(offered, "id")?;
            let is_there =
                place.is_some_and(|place| own.is_some_and(|own| own.eq_ignore_ascii_case(place)) || place == id);
            Some(is_there.then_some(id)?.to_owned())
        }
        "guest_phone" if link.is_none() => {
            let form = booking.form_submission.as_ref();
            let numbers = [place, form.and_then(|form| form.phone.as_deref())];
            Some(
                numbers
                    .into_iter()
                    .flatten()
                    .find(|text| is_number(text))
                    .filter(|_| place.is_none_or(is_number))?
                    .to_owned(),
            )
        }
        "in_person_by_guest" if link.is_none() => Some(place.filter(|place| !is_number(place))?.to_owned()),
        _ => return None,
    };
    Some(Location { kind: kind.to_owned(), value })
}

fn is_number(text: &str) -> bool {
    text.starts_with('+') && text.chars().skip(1).all(|c| c.is_ascii_digit()) && text.len() > 5
}

fn service_of(link: &str) -> Option<&'static str> {
    let url = Url::parse(link).ok()?;
    let host = url.host_str()?;
    let is_of = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    SERVICES.iter().find(|(_, domain)| is_of(domain)).map(|(service, _)| *service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oncehub::Object;
    use crate::records::Told;
    use serde_json::{Value, json};

    fn place(booking: Value, offered: &Value) -> (Option<(String, Option<String>)>, bool) {
        let booking = Told::<Booking>::from(Object::new(booking));
        let locations = offered.as_array().unwrap().iter().map(|place| place.as_object().unwrap().clone()).collect();
        let (location, said) = of(&booking, &Slot { start: jiff::Timestamp::UNIX_EPOCH, locations });
        (location.map(|location| (location.kind, location.value)), said.is_some())
    }

    #[test]
    fn a_meeting_stays_where_it_was_if_that_is_offered() {
        let all = json!([
            {"type": "virtual", "value": "google_meet", "id": null}, {"type": "virtual", "value": "zoom", "id": null},
            {"type": "virtual_static", "value": null, "id": null}, {"type": "physical", "value": "12 Harbour Street", "id": "ADD-1"},
            {"type": "guest_phone", "value": null, "id": null}, {"type": "in_person_by_guest", "value": null, "id": null}
        ]);
        let online = |url: &str| json!({"virtual_conferencing": {"join_url": url}});
        let at = |text: &str| json!({"location_description": text});
        for (booking, kind, value) in [
            (online("https://meet.google.com/abc"), "virtual", Some("google_meet")),
            (online("https://us02web.zoom.us/j/1"), "virtual", Some("zoom")),
            (at("https://video.example.com/room"), "virtual_static", None),
            (at("12 harbour street"), "physical", Some("ADD-1")),
            (at("+12025550195"), "guest_phone", Some("+12025550195")),
            (at("5 Mill Lane, Bath"), "in_person_by_guest", Some("5 Mill Lane, Bath")),
        ] {
            let expected = Some((kind.to_owned(), value.map(str::to_owned)));
            assert_eq!(place(booking, &all), (expected, false), "{kind}");
        }
        let zoom = json!([{"type": "virtual", "value": "zoom", "id": null}]);
        assert_eq!(place(online("https://meet.google.com/abc"), &zoom), (None, true), "another service");
        assert_eq!(place(online("https://zoom.us.evil.example/j/1"), &zoom), (None, true), "a look-alike");
        assert_eq!(place(json!({}), &zoom), (None, false), "nothing is lost of what is not known");
    }
}
