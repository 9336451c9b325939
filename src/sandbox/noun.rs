//! What the nouns have in common: how objects are found, listed, narrowed, expanded and shown.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::request::{Answer, Refusal, Reply, Request, only};
use super::world::World;

/// A kind of object in the account. Objects are kept in order of creation.
pub(super) trait Noun: Sized + 'static {
    /// What rejections call it.
    const NAME: &'static str;
    /// The query parameters that narrow its list.
    const FILTERS: &'static [Filter<Self>] = &[];
    /// The references that can be expanded, those inside another after that one.
    const EXPANDABLE: &'static [&'static str] = &[];

    /// Returns its id, and whether it has been deleted.
    fn state(&self) -> (&str, bool);

    fn id(&self) -> &str {
        self.state().0
    }

    fn is_deleted(&self) -> bool {
        self.state().1
    }

    /// Returns it as it looks on the wire while it is not deleted.
    fn show(&self, world: &World) -> Value;
}

/// A query parameter that narrows a list.
pub(super) enum Filter<T> {
    /// A value, and whether an object fits it.
    Is(&'static str, fn(&T, &str, &World) -> bool),
    /// One of the given values.
    OneOf(&'static str, &'static [&'static str], fn(&T) -> &str),
    /// A time: later than the parameter with `.gt`, earlier than the one with `.lt`.
    Between(&'static str, fn(&T) -> Timestamp),
}

/// A predicate on objects: whether one stays in the list.
type Keeps<'a, T> = Box<dyn Fn(&T) -> bool + 'a>;

impl<T: 'static> Filter<T> {
    fn takes(&self, param: &str) -> bool {
        match self {
            Self::Is(name, _) | Self::OneOf(name, ..) => param == *name,
            Self::Between(name, _) => matches!(param.strip_prefix(name), Some(".gt" | ".lt")),
        }
    }

    /// Returns the predicate that the request asks for.
    fn read<'a>(&self, request: &'a Request, world: &'a World) -> Result<Keeps<'a, T>, Refusal> {
        Ok(match *self {
            Self::Is(name, fits) => {
                let wanted = request.param(name);
                Box::new(move |row| wanted.is_none_or(|wanted| fits(row, wanted, world)))
            }
            Self::OneOf(name, values, value) => {
                let wanted = request.param(name);
                if let Some(odd) = wanted.filter(|wanted| !values.contains(wanted)) {
                    return Err(Refusal::bad(name, format!("Invalid string: {odd}")));
                }
                Box::new(move |row| wanted.is_none_or(|wanted| value(row) == wanted))
            }
            Self::Between(name, at) => {
                let (after, before) = request.range(name)?;
                Box::new(move |row| {
                    after.is_none_or(|after| at(row) > after) && before.is_none_or(|before| at(row) < before)
                })
            }
        })
    }
}

/// Finds an object, deleted or not.
pub(super) fn find<'a, T: Noun>(rows: &'a [T], id: &str) -> Result<&'a T, Refusal> {
    rows.iter().find(|row| row.id() == id).ok_or_else(|| Refusal::not_found(T::NAME, id))
}

/// Finds an object that is not deleted.
pub(super) fn live<'a, T: Noun>(rows: &'a [T], id: &str) -> Result<&'a T, Refusal> {
    let found = rows.iter().find(|row| row.id() == id && !row.is_deleted());
    found.ok_or_else(|| Refusal::not_found(T::NAME, id))
}

/// Finds an object that can be changed.
pub(super) fn live_mut<'a, T: Noun>(rows: &'a mut [T], id: &str) -> Result<&'a mut T, Refusal> {
    let found = rows.iter_mut().find(|row| row.id() == id && !row.is_deleted());
    found.ok_or_else(|| Refusal::not_found(T::NAME, id))
}

/// Returns an object as it is sent: redacted if it is deleted.
pub(super) fn sent<T: Noun>(row: &T, world: &World) -> Value {
    if row.is_deleted() {
        return json!({"id": row.id(), "object": T::NAME.replace(' ', "_"), "deleted": true});
    }
    row.show(world)
}

/// Answers the requests that are the same for every noun: the list, and one object.
pub(super) fn look<T: Noun>(world: &World, request: &Request, path: &[&str], rows: &[T]) -> Answer {
    match (request.method.as_str(), path) {
        ("GET", []) => list(world, request, rows),
        ("GET", [id]) => {
            request.only(if T::EXPANDABLE.is_empty() { &[] } else { &["expand"] })?;
            let expand = expansions::<T>(request)?;
            Ok(Reply::ok(expanded(find(rows, id)?, world, &expand)))
        }
        _ => Err(request.unrecognized()),
    }
}

/// Returns one page of the objects that are not deleted and pass the filters. OnceHub lists the newest first.
pub(super) fn list<T: Noun>(world: &World, request: &Request, rows: &[T]) -> Answer {
    only(request.query.iter().map(|(name, _)| name), |name| {
        ["limit", "before", "after"].contains(&name)
            || name == "expand" && !T::EXPANDABLE.is_empty()
            || T::FILTERS.iter().any(|filter| filter.takes(name))
    })?;
    let expand = expansions::<T>(request)?;
    let filters = T::FILTERS.iter().map(|filter| filter.read(request, world)).collect::<Result<Vec<_>, _>>()?;
    let limit = match request.param("limit") {
        None => 10,
        Some(text) => text.parse().ok().filter(|limit| (1..=100).contains(limit)).ok_or_else(|| {
            let message = format!("Out of range value: {text}. Please provide a number between 1 and 100.");
            Refusal::bad("limit", message)
        })?,
    };
    if request.param("before").is_some() && request.param("after").is_some() {
        return Err(Refusal::new(400, "Received both before and after parameters. Please provide only one."));
    }
    let place = |param: &str| {
        let find = |cursor: &str| {
            let index = rows.iter().rposition(|row| row.id() == cursor);
            index.ok_or_else(|| Refusal::bad(param, format!("Invalid cursor: '{cursor}'")))
        };
        request.param(param).map(find).transpose()
    };
    let (before, after) = (place("before")?, place("after")?);
    // Older than `after`, newest first; or newer than `before`, starting with the nearest.
    let on_the_way: Box<dyn Iterator<Item = &T>> = match before {
        Some(index) => Box::new(rows.iter().skip(index + 1)),
        None => Box::new(rows.iter().take(after.unwrap_or(rows.len())).rev()),
    };
    let passes = |row: &&T| !row.is_deleted() && filters.iter().all(|passes| passes(row));
    let mut page: Vec<&T> = on_the_way.filter(passes).take(limit + 1).collect();
    let has_more = page.len() > limit;
    page.truncate(limit);
    if before.is_some() {
        page.reverse();
    }
    let (older, newer) = if before.is_some() { (true, has_more) } else { (has_more, after.is_some()) };
    // OnceHub's own links lack /v2.
    let path = request.path.join("/");
    let link = |rel: &str, param: &str, row: &T| {
        format!("<https://api.oncehub.com/{path}?{param}={}&limit={limit}>; rel=\"{rel}\"", row.id())
    };
    let next = page.last().filter(|_| older).map(|row| link("next", "after", row));
    let previous = page.first().filter(|_| newer).map(|row| link("previous", "before", row));
    let links: Vec<String> = [next, previous].into_iter().flatten().collect();
    let data: Vec<Value> = page.into_iter().map(|row| expanded(row, world, &expand)).collect();
    let reply = Reply::ok(json!({"object": "list", "data": data, "has_more": has_more}));
    Ok(Reply { link: (!links.is_empty()).then(|| links.join(", ")), ..reply })
}

/// Returns the references to expand. OnceHub's prose puts `data.` before those of a list.
fn expansions<T: Noun>(request: &Request) -> Result<Vec<&'static str>, Refusal> {
    let Some(text) = request.param("expand") else { return Ok(Vec::new()) };
    let wanted: Vec<&str> = text.split(',').map(|path| path.trim().trim_start_matches("data.")).collect();
    if let Some(odd) = wanted.iter().find(|path| !T::EXPANDABLE.contains(path)) {
        return Err(Refusal::bad("expand", format!("This property cannot be expanded: {odd}")));
    }
    Ok(T::EXPANDABLE.iter().copied().filter(|path| wanted.contains(path)).collect())
}

/// Returns an object as it is sent, with whole objects in place of these references.
fn expanded<T: Noun>(row: &T, world: &World, references: &[&str]) -> Value {
    let mut shown = sent(row, world);
    for path in references {
        if let Some(reference) = shown.pointer_mut(&format!("/{}", path.replace('.', "/")))
            && let Some(whole) = reference.as_str().and_then(|id| world.as_sent(id))
        {
            *reference = whole;
        }
    }
    shown
}
