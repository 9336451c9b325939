//! The account's booking calendars.

use super::people::{DANA, HARBOUR_STREET, LEE, NOSEAT, OLIVER, OWNER, PRIYA, SAM_SALES, team, user};
use crate::sandbox::world::{Calendar, Location, Question, id};

pub(super) const INTRO: usize = 0;
pub(super) const STRATEGY: usize = 1;
pub(super) const ADVISERS: usize = 2;
pub(super) const REVIEW_LONDON: usize = 3;
pub(super) const REVIEW_SYDNEY: usize = 4;
pub(super) const PAID: usize = 6;
pub(super) const APPROVAL: usize = 7;
pub(super) const OFFICE: usize = 9;

pub(in crate::sandbox) fn calendar(index: usize) -> String {
    id("BKC", 0x0300 + index as u64)
}

const QUESTIONS: &[Question] = &[
    Question { field: "Topics", choices: &["Growth", "Hiring", "Pricing"], several: true },
    Question { field: "Company_Size", choices: &["1-10", "11-50", "51+"], several: false },
    Question { field: "Goal", choices: &[], several: false },
];

/// Creates a published calendar that has no questions and no price.
fn plain(index: usize, host: String, names: [&str; 3], minutes: i64) -> Calendar {
    let [name, subject, slug] = names.map(str::to_owned);
    Calendar {
        id: calendar(index),
        host,
        name,
        subject,
        slug,
        published: true,
        minutes,
        buffer: 0,
        notice: 60,
        approval: false,
        allows_links: true,
        price: None,
        locations: vec![Location::Virtual("google_meet")],
        questions: &[],
    }
}

/// Returns the calendars: ordinary ones, and ones with pitfalls, such as a price, an approval, a host without a seat.
pub(super) fn calendars() -> Vec<Calendar> {
    use Location::{GuestPhone, InPersonByGuest, Physical, Virtual, VirtualStatic};
    let harbour = Physical { id: HARBOUR_STREET.0, address: HARBOUR_STREET.1 };
    let pine = Physical { id: "ADD-3VB8N5RC6H", address: "4th floor, 90 Pine Street, New York" };
    let review = "Quarterly review";
    vec![
        plain(INTRO, user(DANA), ["Intro call", "Intro call with Northlight", "northlight-intro"], 30),
        Calendar {
            buffer: 15,
            questions: QUESTIONS,
            locations: vec![Virtual("google_meet"), Virtual("microsoft_teams"), GuestPhone],
            ..plain(STRATEGY, user(DANA), ["Strategy session", "Strategy session", "northlight-strategy"], 60)
        },
        plain(ADVISERS, team(0), ["Adviser on duty", "Talk to an adviser", "northlight-advisers"], 30),
        plain(REVIEW_LONDON, user(LEE), [review, review, "northlight-review-london"], 45),
        Calendar {
            locations: vec![Virtual("microsoft_teams"), VirtualStatic],
            ..plain(REVIEW_SYDNEY, user(OLIVER), [review, "Quarterly review (Sydney)", "northlight-review-sydney"], 45)
        },
        Calendar {
            published: false,
            ..plain(5, user(PRIYA), ["Onboarding (draft)", "Onboarding", "northlight-onboarding"], 60)
        },
        Calendar {
            price: Some((12_000, "USD")),
            locations: vec![Virtual("zoom")],
            ..plain(PAID, user(OWNER), ["Paid consultation", "Consultation with Margaret", "northlight-paid"], 60)
        },
        Calendar {
            approval: true,
            locations: vec![Virtual("zoom")],
            ..plain(APPROVAL, user(PRIYA), ["Partnership talk", "Partnership talk", "northlight-partners"], 30)
        },
        plain(8, user(NOSEAT), ["Noor's clinic", "Half an hour with Noor", "northlight-noor"], 30),
        Calendar {
            allows_links: false,
            buffer: 10,
            locations: vec![harbour, pine, GuestPhone],
            ..plain(OFFICE, user(SAM_SALES), ["Office visit", "Visit our office", "northlight-office"], 45)
        },
        Calendar {
            locations: vec![InPersonByGuest],
            ..plain(10, user(LEE), ["At your place", "We come to you", "northlight-visit"], 90)
        },
    ]
}

/// Returns so many more calendars, of the account's hosts in turn.
pub(super) fn more(count: usize) -> impl Iterator<Item = Calendar> {
    let hosts = [DANA, LEE, PRIYA, OLIVER, SAM_SALES];
    (0..count).zip(hosts.into_iter().cycle()).map(|(number, host)| {
        let (name, slug) = (format!("Desk {}", number + 1), format!("northlight-desk-{}", number + 1));
        plain(100 + number, user(host), [&name, &name, &slug], if number % 2 == 0 { 30 } else { 45 })
    })
}
