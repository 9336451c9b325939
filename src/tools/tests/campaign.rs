//! The write campaign: changes that are slow, whose connection is lost before, while and after they are carried out, or whose
//! callers leave. Whatever is claimed has to be what happened, also later, and nothing may happen twice.

use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::sandbox::{Effect, Fault, HostShows, World};
use crate::tools::tests::bench::{Bench, Replied, Setup};
use crate::tools::tests::cases;

/// How long a call may take here. All other times are in proportion: a write gets two thirds of it, and looks fill the rest.
const TIMEOUT: Duration = Duration::from_millis(600);

/// What happens to a write on its way.
#[derive(Clone, Debug)]
enum Trouble {
    /// OnceHub, or something before it, behaves like this.
    Upstream(Effect),
    /// OnceHub takes some time, and the caller leaves this long after the call began.
    Leaves(Duration),
}

fn troubles() -> Vec<Trouble> {
    let ms = Duration::from_millis;
    let upstream = [
        Effect::DropBefore,
        // Carried out before, between and after the looks.
        Effect::DropDuring(ms(15)),
        Effect::DropDuring(ms(60)),
        Effect::DropDuring(ms(900)),
        Effect::GatewayTimeout(ms(15)),
        Effect::GatewayTimeout(ms(900)),
        Effect::DropAfter,
        Effect::DropInBody,
        Effect::Truncated,
        Effect::Malformed,
        Effect::ErrorAfter,
        Effect::Error(503, json!({"type": "rate_limit_error", "message": "Too busy."})),
        Effect::Error(422, json!({"type": "invalid_request_error", "message": "Not today."})),
        Effect::Status(403, "text/html", "<html>".into()),
        Effect::Status(200, "application/json", String::new()),
        Effect::TooMany(Some(0)),
        // Slower than a write may take, and slower than the looks after it.
        Effect::Delay(ms(440)),
        Effect::Delay(ms(900)),
    ];
    let leaves = [0, 5, 10, 15, 20, 30, 40, 60].map(|after| Trouble::Leaves(ms(after)));
    upstream.into_iter().map(Trouble::Upstream).chain(leaves).collect()
}

const WORKERS: usize = 10;

/// One write: what is called, what it concerns, and how often it has been carried out, as the account itself tells.
struct Round {
    tool: &'static str,
    arguments: Value,
    /// A call that concerns the same thing.
    look: (&'static str, Value),
    done: Done,
}

type Done = Box<dyn Fn(&World) -> usize + Send>;

fn round(
    tool: &'static str,
    arguments: Value,
    look: (&'static str, Value),
    done: impl Fn(&World) -> usize + Send + 'static,
) -> Round {
    Round { tool, arguments, look, done: Box::new(done) }
}

/// A worker's own account, so that faults hit the write that they are meant for; and what is left to be changed in it.
struct Worker {
    /// A server with time enough, which prepares the rounds.
    bench: Bench,
    /// A server without.
    hurried: Bench,
    past: Vec<String>,
    starts: Vec<String>,
}

impl Worker {
    async fn new() -> Self {
        let bench = Bench::with(Setup { more_bookings: 120, ..Setup::default() }).await;
        let mut setup = Setup::default();
        setup.settings.timeout = TIMEOUT;
        setup.settings.looks = [5, 20, 50].map(Duration::from_millis).to_vec();
        let hurried = Bench::on(Arc::clone(&bench.sandbox), setup).await;
        let past = bench.call("list_bookings", json!({"status": "completed", "limit": 100})).await;
        let past = ids(past.structure());
        let slots =
            json!({"calendar_id": "Intro call", "start_time": "2026-11-30", "end_time": "2026-12-18", "limit": 500});
        let slots = bench.call("get_booking_time_slots", slots).await;
        let slots = slots.structure()["items"].as_array().unwrap().clone();
        let starts = slots.iter().map(|slot| slot["start_time"].as_str().unwrap().to_owned()).collect();
        Self { bench, hurried, past, starts }
    }

    /// Makes something without trouble, to be changed with it.
    async fn made(&self, tool: &str, arguments: Value) -> String {
        let made = self.bench.call(tool, arguments).await;
        let made = made.structure();
        made["booking_id"].as_str().or(made["id"].as_str()).unwrap().to_owned()
    }

    fn guest(&mut self, n: usize) -> Value {
        json!({
            "calendar_id": "Intro call", "start_time": self.starts.remove(0), "guest_time_zone": "UTC",
            "guest_name": "A Guest", "guest_email": format!("guest{n}@campaign.example")
        })
    }

    /// The round with this number: each kind of write in turn.
    async fn round(&mut self, n: usize) -> Round {
        match n % KINDS {
            kind @ ..=7 => self.round_of_bookings(kind, n).await,
            kind => self.round_of_people(kind, n).await,
        }
    }

    async fn round_of_bookings(&mut self, kind: usize, n: usize) -> Round {
        let booking = |id: &str| ("get_booking", json!({"booking_id": id}));
        match kind {
            0 => {
                let guest = self.guest(n);
                let (email, start) =
                    (guest["guest_email"].clone(), guest["start_time"].as_str().unwrap().parse().unwrap());
                let look = ("list_bookings", json!({"guest": email}));
                round("schedule_meeting", guest, look, move |world| world.held_by(email.as_str().unwrap(), start).len())
            }
            1 | 2 => {
                let guest = self.guest(n);
                let id = self.made("schedule_meeting", guest).await;
                let tool = if kind == 1 { "cancel_booking" } else { "request_reschedule" };
                round(tool, json!({"booking_id": id, "reason": "r"}), booking(&id), move |world| {
                    usize::from(world.status_of(&id) == Some("canceled"))
                })
            }
            3 | 4 => {
                let guest = self.guest(n);
                let id = self.made("schedule_meeting", guest).await;
                // OnceHub may leave the owner as it was, and the attendees too.
                self.bench.sandbox.with(|world| {
                    world.host_shows = HostShows { as_owner: kind == 3, as_attendee: n.is_multiple_of(2) }
                });
                // OnceHub does not look whether the new host is free: this one has nothing else to do.
                let sam = "sam.support@northlight.example";
                let reassign = json!({"booking_id": id, "new_host": sam});
                round("reassign_booking", reassign, booking(&id), move |world| usize::from(world.is_host(sam, &id)))
            }
            5 => {
                let id = self.past.remove(0);
                round("mark_no_show", json!({"booking_id": id}), booking(&id), move |world| {
                    usize::from(world.status_of(&id) == Some("no_show"))
                })
            }
            _ => {
                let (tool, argument, page, look) = match kind {
                    6 => ("create_one_time_link", "calendar_id", "Intro call", "get_booking_calendar"),
                    _ => {
                        let page = "Northlight front desk";
                        ("create_master_page_one_time_link", "master_page_id", page, "get_master_page")
                    }
                };
                let page = json!({argument: page});
                let before = self.bench.sandbox.with(|world| world.links_made);
                round(tool, page.clone(), (look, page), move |world| world.links_made - before)
            }
        }
    }

    async fn round_of_people(&mut self, kind: usize, n: usize) -> Round {
        let email = format!("p{n}@campaign.example");
        let person = json!({"email": email, "first_name": "Pat", "last_name": format!("Number{n}")});
        let contact = json!({"email": email, "first_name": "Con", "last_name": "Tact", "status": "Qualified"});
        let webhook = json!({"name": format!("Hook {n}"), "url": "https://hooks.example/x", "events": ["booking"]});
        let user = |id: &str| ("get_user", json!({"user_id": id}));
        match kind {
            8 => round("add_user", person, ("list_users", json!({"email": email})), move |world| {
                world.users_with(&email).len()
            }),
            9 => {
                let id = self.made("add_user", person).await;
                let update = json!({"user_id": id, "first_name": "Changed", "teams": ["Advisers"]});
                round("update_user", update, user(&id), move |world| {
                    usize::from(world.as_sent(&id).unwrap()["first_name"] == "Changed")
                })
            }
            10 => {
                let id = self.made("add_user", person).await;
                round("delete_user", json!({"user_id": id}), user(&id), move |world| usize::from(world.is_deleted(&id)))
            }
            11 => {
                let id = self.made("add_user", person).await;
                let off = json!({"user_id": id, "weekly": [{"day": "Tuesday", "working_hours": []}]});
                let look = ("get_scheduling_availability", json!({"user_id": id}));
                round("update_scheduling_availability", off, look, move |world| {
                    let schedule = world.schedule_as_sent(&id).unwrap();
                    usize::from(schedule["weekly"][1]["working_hours"] == json!([]))
                })
            }
            12 => round("create_contact", contact, ("list_contacts", json!({"email": email})), move |world| {
                world.contacts_known_as(&email).len()
            }),
            13 => {
                let number = format!("+4479111{n:05}");
                let contact = json!({"mobile_phone": number, "first_name": "Con", "last_name": "Tact"});
                let look = ("list_contacts", json!({"created_after": "today"}));
                round("create_contact", contact, look, move |world| world.contacts_known_as(&number).len())
            }
            14 => {
                let id = self.made("create_contact", contact).await;
                let update = json!({"contact_id": id, "city": "Oslo", "custom_fields": {"Goal": "Grow"}});
                round("update_contact", update, ("get_contact", json!({"contact_id": id})), move |world| {
                    let sent = world.as_sent(&id).unwrap();
                    usize::from(sent["city"] == "Oslo" && sent["status"] == "Qualified")
                })
            }
            15 => {
                let id = self.made("create_contact", contact).await;
                let look = ("get_contact", json!({"contact_id": id}));
                round("delete_contact", json!({"contact_id": id}), look, move |world| {
                    usize::from(world.is_deleted(&id))
                })
            }
            16 => {
                let name = webhook["name"].as_str().unwrap().to_owned();
                round("create_webhook", webhook, ("list_webhooks", json!({"limit": 100})), move |world| {
                    world.webhooks_called(&name).len()
                })
            }
            _ => {
                let id = self.made("create_webhook", webhook).await;
                let look = ("get_webhook", json!({"webhook_id": id}));
                round("delete_webhook", json!({"webhook_id": id}), look, move |world| {
                    usize::from(world.is_deleted(&id))
                })
            }
        }
    }

    /// Calls what the round says while there is trouble. Nothing comes back to a caller who left.
    async fn call(&self, trouble: &Trouble, tool: &str, arguments: Value) -> Option<Replied> {
        let method = match tool {
            "update_user" | "update_contact" | "update_scheduling_availability" => "PATCH",
            "delete_user" | "delete_contact" | "delete_webhook" => "DELETE",
            _ => "POST",
        };
        let on_the_write = |effect: &Effect| Fault::new(effect.clone()).on(method, "/v2/").times(1);
        match trouble {
            Trouble::Upstream(effect) => {
                self.bench.sandbox.fail(on_the_write(effect));
                Some(self.hurried.call(tool, arguments).await)
            }
            Trouble::Leaves(after) => {
                self.bench.sandbox.fail(on_the_write(&Effect::Delay(Duration::from_millis(20))));
                self.hurried.call_until(tokio::time::sleep(*after), tool, arguments).await
            }
        }
    }
}

/// How many kinds of rounds there are.
const KINDS: usize = 18;

/// What has come of the rounds: how often each claim was made of what happened, and of what did not.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    not_done: usize,
    unknown_but_happened: usize,
    unknown_and_did_not: usize,
    left_and_told: usize,
    left_and_did_not: usize,
}

/// The requests of an account that change something.
fn writes(bench: &Bench) -> usize {
    bench.sandbox.requests().iter().filter(|seen| seen.method != "GET").count()
}

/// Rounds of one worker: each kind of write meets each kind of trouble.
async fn work(worker: usize, rounds: usize) -> Tally {
    let (mut account, mut tally, troubles) = (Worker::new().await, Tally::default(), troubles());
    for n in (worker..rounds).step_by(WORKERS) {
        let trouble = &troubles[(n / KINDS + n) % troubles.len()];
        let Round { tool, arguments, look, done } = account.round(n).await;
        let (label, before) = (format!("round {n}, {tool}, {trouble:?}"), writes(&account.bench));
        let answered = account.hurried.answered.load(Ordering::SeqCst);
        let replied = account.call(trouble, tool, arguments).await;
        // Only then is it known what has happened: OnceHub may still have been at it.
        account.hurried.settled().await;
        account.bench.sandbox.heal();
        let times = account.bench.sandbox.with(|world| done(world));
        assert!(times <= 1, "{label}: {times} times");
        // A 429 is the one status after which a write is sent again.
        let is_again = matches!(trouble, Trouble::Upstream(Effect::TooMany(_)));
        assert!(writes(&account.bench) - before <= 1 + usize::from(is_again), "{label}");
        let Some(replied) = replied else {
            // The answer was on its way to a caller who left at that moment.
            if account.hurried.answered.load(Ordering::SeqCst) > answered {
                continue;
            }
            let (tool_that_looks, arguments) = look;
            let told = account.hurried.call(tool_that_looks, arguments).await.any_text();
            let note = format!("an earlier call to {tool} was cancelled by its client after its request had been sent");
            // What was not sent is not told; what was is, and truly.
            assert!(times == 0 || told.contains(&note), "{label}: {told}");
            assert!(times == 0 || !told.contains("outcome: not done"), "{label}: {told}");
            (if times == 1 { &mut tally.left_and_told } else { &mut tally.left_and_did_not }).add_assign(1);
            continue;
        };
        let outcome = if replied.is_failure() { replied.error()["outcome"].as_str().unwrap() } else { "done" };
        let count = match (outcome, times) {
            ("done", 1) => &mut tally.done,
            ("not_done", 0) => &mut tally.not_done,
            ("unknown", 1) => &mut tally.unknown_but_happened,
            ("unknown", 0) => &mut tally.unknown_and_did_not,
            _ => panic!("{label}: said to be {outcome}, happened {times} times: {}", replied.any_text()),
        };
        count.add_assign(1);
    }
    assert_eq!(account.bench.sandbox.with(|world| world.double_bookings()), 0);
    tally
}

#[tokio::test]
async fn writes_in_trouble_happen_at_most_once_and_are_told_truly() {
    let rounds = cases(150, 1000);
    let tallies = join_all((0..WORKERS).map(|worker| work(worker, rounds))).await;
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    // Every kind of end came about, so that each claim was put to the test.
    for (end, count) in [
        ("done", sum(|tally| tally.done)),
        ("not done", sum(|tally| tally.not_done)),
        ("unknown, but it happened", sum(|tally| tally.unknown_but_happened)),
        ("unknown, and it did not happen", sum(|tally| tally.unknown_and_did_not)),
        ("left, and told", sum(|tally| tally.left_and_told)),
        ("left before it was sent", sum(|tally| tally.left_and_did_not)),
    ] {
        assert!(count >= rounds / 100, "{end}: {count} of {rounds}");
    }
    eprintln!("{rounds} rounds: {tallies:?}");
}

fn ids(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_reassignment_whose_answer_is_lost_is_told_by_its_new_host() {
    let bench = Bench::start().await;
    let coming = json!({"starts_after": "tomorrow", "calendar": "Intro call"});
    let id = bench.booking(coming).await;
    let reassign = json!({"booking_id": id, "new_host": "Lee Whitford"});
    let lost = |effect: Effect| Fault::new(effect).on("POST", "/reassign").times(1);
    let unknown = bench.call_with(lost(Effect::DropBefore), "reassign_booking", reassign.clone()).await;
    insta::assert_snapshot!(unknown.failure().replace(&id, "BKNG-…"));
    let done = bench.call_with(lost(Effect::DropAfter), "reassign_booking", reassign).await;
    assert_eq!(done.structure()["owner_name"], "Lee Whitford");
    assert!(
        done.text()
            .ends_with("note: OnceHub's response was lost, or did not show it; this was looked up afterwards and shows that it was done.")
    );
}

#[tokio::test]
async fn when_looking_fails_too_the_outcome_is_unknown_and_what_to_look_at_is_said() {
    let bench = Bench::within(Duration::from_millis(900)).await;
    let id = bench.booking(json!({"starts_after": "tomorrow", "calendar": "Intro call"})).await;
    bench.sandbox.fail(Fault::new(Effect::DropBefore).on("GET", "/v2/bookings").after(1));
    let fault = Fault::new(Effect::DropAfter).on("POST", "/cancel");
    let unknown = bench.call_with(fault, "cancel_booking", json!({"booking_id": id})).await;
    insta::assert_snapshot!(unknown.failure().replace(&id, "BKNG-…"));
    assert_eq!(unknown.error()["outcome"], "unknown");
    bench.sandbox.fail(Fault::new(Effect::DropBefore).on("GET", "/v2/bookings"));
    let guest = json!({
        "calendar_id": "Intro call", "start_time": "2026-11-30T16:00", "guest_time_zone": "America/New_York",
        "guest_name": "Ada", "guest_email": "ada@x.example"
    });
    let fault = Fault::new(Effect::DropAfter).on("POST", "/schedule");
    let unknown = bench.call_with(fault, "schedule_meeting", guest).await;
    insta::assert_snapshot!(unknown.failure());
}

#[tokio::test]
async fn a_write_that_takes_too_long_is_unknown_however_often_it_was_looked_up() {
    let bench = Bench::within(Duration::from_secs(2)).await;
    let id = bench.booking(json!({"starts_after": "tomorrow", "calendar": "Intro call"})).await;
    let slow = Fault::new(Effect::Delay(Duration::from_secs(3))).on("POST", "/cancel");
    let replied = bench.call_with(slow, "cancel_booking", json!({"booking_id": id})).await;
    insta::assert_snapshot!(replied.failure().replace(&id, "BKNG-…"));
    assert_eq!((&replied.error()["type"], &replied.error()["outcome"]), (&json!("timeout"), &json!("unknown")));
    bench.settled().await;
    assert_eq!(bench.sandbox.with(|world| world.status_of(&id)), Some("canceled"), "it happened after all");
}

#[tokio::test]
async fn a_5xx_is_never_an_invitation_to_send_a_write_again_whatever_its_type() {
    let bench = Bench::start().await;
    for kind in ["rate_limit_error", "api_error", "invalid_request_error"] {
        let id = bench.booking(json!({"starts_after": "tomorrow", "status": "scheduled"})).await;
        let before = writes(&bench);
        let fault = Fault::new(Effect::Error(503, json!({"type": kind, "message": "Later."}))).on("POST", "/cancel");
        let replied = bench.call_with(fault, "cancel_booking", json!({"booking_id": id})).await;
        assert_eq!((writes(&bench) - before, &replied.error()["outcome"]), (1, &json!("unknown")), "{kind}");
    }
}

#[tokio::test]
async fn two_callers_cannot_book_the_same_slot() {
    let bench = Bench::start().await;
    let guest = |n: usize| {
        json!({
            "calendar_id": "Intro call", "start_time": "2026-11-30T16:00:00Z", "guest_time_zone": "UTC",
            "guest_name": format!("Guest {n}"), "guest_email": format!("guest{n}@x.example")
        })
    };
    let replies = join_all((0..50).map(|n| bench.call("schedule_meeting", guest(n)))).await;
    assert_eq!(replies.iter().filter(|replied| !replied.is_failure()).count(), 1);
    assert_eq!(bench.sandbox.with(|world| world.double_bookings()), 0);
}
