// The agenda: bookings by day. One opens in place, with its notes and links, and with what can be done about it.

/** How many bookings are shown at first where there is little room. */
const FEW = 5;

/**
 * PAGES is how many pages are read on by themselves. Bookings come newest created first: while there are more, any day may
 * lack some.
 */
const PAGES = 3;

/** What is shown. `only` is the chosen part; `open`, the id of the booking that is opened; `all`, none is folded away. */
const state = {
  /** @type {Data} what to ask `list_bookings` for the same */
  filters: {},
  /** @type {Data} what it is asked for the chosen part */
  asked: {},
  /** @type {Data[]} */
  items: [],
  /** @type {string | null | undefined} where to read on; null if there are no more, undefined if none was read so far */
  cursor: null,
  /** why they could not be read */
  lost: "",
  zone: "UTC",
  only: "asked",
  open: "",
  all: false,
  /** @type {Data} */
  can: {},
};

/**
 * doubts are the changes of which it is not known whether they happened, by the booking: `words` is what is known.
 * @type {Map<string, { deed: Deed, answers: Data, since: string, words: string }>}
 */
const doubts = new Map();

/** drafts are the answers to a question that was not carried out, by the booking and the tool. @type {Map<string, Data>} */
const drafts = new Map();

/** draft is what was answered before. @param {Data} booking @param {Deed} deed */
const draft = ({ id }, { tool }) => object(drafts.get(id + tool));

/** live are the states of a booking that is still to come. */
const live = ["requested", "scheduled", "rescheduled"];

/** begins is the instant at which a booking begins, in milliseconds. @param {Data} booking */
const begins = (booking) => (isInstant(booking.starting_time) ? Date.parse(booking.starting_time) : 0);

/** ends is the instant at which it ends: OnceHub tells how long it is. @param {Data} booking */
const ends = (booking) => begins(booking) + (Number(booking.duration_minutes) || 0) * 60_000;

/** person is a user by name: of a record, which has the name beside the id or the user whole. @param {Data} booking */
const person = ({ owner, owner_name }) => owner_name ?? owner?.name ?? owner?.email ?? owner?.id ?? owner;

/** ownerOf is the id of a booking's host. @param {Data} booking */
const ownerOf = ({ owner }) => owner?.id ?? owner;

/** place is what a booking was made on: a calendar or, of Classic, a page. @param {Data} booking */
const place = (booking) =>
  booking.subject ?? booking.booking_calendar_name ?? booking.event_type_name ?? booking.booking_page_name;

/** guest is the name of who comes, or their address. @param {Data} booking */
const guest = (booking) => booking.guest_name ?? booking.guest_email ?? "No name";

/** STATUS is a status in words, with a shape before them and a look. @type {Record<string, [string, string, string]>} */
const STATUS = {
  requested: ["◔", "Waits for approval", "warn"],
  rescheduled: ["↻", "Rescheduled", ""],
  completed: ["✓", "Completed", "good"],
  canceled: ["✕", "Canceled", "dim"],
  no_show: ["⊘", "No-show", "bad"],
};

/** badge shows a status; a booking that is simply scheduled needs none. @param {any} status @returns {Node | false} */
function badge(status) {
  if (!status || status === "scheduled") return false;
  const [shape, words, look] = STATUS[String(status)] ?? ["•", clean(status, 20), "dim"];
  return el("span", { class: `status ${look}` }, el("span", { "aria-hidden": "true" }, `${shape} `), words);
}

/** cursorOf is where to read on. @param {Data} reply */
const cursorOf = ({ next_cursor }) => (typeof next_cursor === "string" ? next_cursor : null);

/** take puts what the tool replied into the state. @param {Data} data */
function take(data) {
  const filters = { ...data.filters };
  Object.assign(state, {
    items: list(data.items).map(object),
    cursor: cursorOf(data),
    zone: isZone(data.time_zone) ? data.time_zone : hereZone(),
    filters,
    asked: filters,
    can: host.can.serverTools ? object(data.can) : {},
    ...{ only: "asked", open: "", all: false, lost: "" },
  });
}

/** PARTS are the parts of an agenda, by their names, and of which days they are. @type {[string, string, string?][]} */
const PARTS = [
  ["asked", "As asked"],
  ["coming", "Coming", "Next 14 days"],
  ["past", "Past", "Last 14 days"],
  ["canceled", "Canceled", "14 days back and ahead"],
];

/** asks is what `list_bookings` is asked for a part, besides the host and the guest. @param {string} only */
function asks(only) {
  /** @param {number} days */
  const away = (days) => new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+/, "");
  const span = {
    coming: { starts_after: away(0), starts_before: away(14), status: live },
    past: {
      starts_after: away(-14),
      starts_before: away(0),
      status: ["scheduled", "rescheduled", "completed", "no_show"],
    },
    canceled: { starts_after: away(-14), starts_before: away(14), status: ["canceled"] },
  }[only];
  return { ...state.filters, ...span };
}

/** read reads bookings of the chosen part, on from where that ended, and draws them. */
async function read() {
  const { asked } = state;
  state.lost = "";
  const isOver = await busy(async () => {
    for (let page = 0; page < PAGES && state.cursor !== null && !state.lost; page++) {
      const { cursor } = state;
      draw(true);
      const { kind, data, message } = await host.call("list_bookings", {
        ...asked,
        limit: 100,
        ...(cursor && { cursor }),
      });
      if (asked !== state.asked) return true;
      if (kind === "done" && Array.isArray(data.items)) {
        const known = new Map(state.items.map((each) => [each.id, each]));
        for (const item of data.items.map(object)) known.set(item.id, item);
        Object.assign(state, { items: [...known.values()], cursor: cursorOf(data) });
      } else state.lost = message || "There is nothing to show.";
    }
  });
  if (isOver) return;
  draw();
  say(state.lost ? "" : `${state.items.length} bookings`);
}

/** draw shows the bookings. @param {boolean} [reading] whether more are on their way */
function draw(reading = false) {
  const { items, cursor, lost } = state;
  const past = state.only === "past";
  const sorted = items.toSorted((a, b) => (past ? begins(b) - begins(a) : begins(a) - begins(b)));
  const roomy = host.context.displayMode === "fullscreen" || state.all || sorted.length <= FEW + 1;
  const shown = roomy ? sorted : sorted.slice(0, FEW);
  /** @type {Map<string, Data[]>} */
  const days = new Map();
  for (const booking of shown) {
    const date = begins(booking) ? dateOf(begins(booking), state.zone) : "";
    days.set(date, [...(days.get(date) ?? []), booking]);
  }
  const count = `${items.length} booking${items.length === 1 ? "" : "s"}${cursor ? " so far" : ""}`;
  const unfold = () => {
    state.all = true;
    draw();
    focusOnLine(sorted[FEW]?.id);
  };
  const more = async () => {
    state.all = true;
    await read();
    focusOn(main.querySelector("[tabindex]"));
  };
  const rest = sorted.length - shown.length;
  const gaps = reading ? "Reading…" : cursor && "More bookings than these: any day may lack some.";
  const next = !reading && cursor !== null && host.can.serverTools;
  put(
    "agenda",
    heading(items.length || cursor === null ? count : ""),
    host.can.serverTools && parts(),
    !!lost && note("bad", quote(lost, 300)),
    !!gaps && note("", gaps),
    next && el("div", { class: "bar" }, button(cursor ? "Look for more" : "Try again", more)),
    !items.length && cursor === null && note("", "No bookings here."),
    ...[...days].map(([date, each]) => section(date, each)),
    rest > 0 && el("div", { class: "bar foot" }, button(`${rest} more`, unfold)),
  );
}

/** heading is the line above: how many there are, of which days, and room for more of them. @param {string} count */
function heading(count) {
  const days = PARTS.find(([only]) => only === state.only)?.[2];
  const title = el(
    "div",
    { tabindex: -1 },
    el("h1", {}, "Bookings"),
    el("p", { class: "dim" }, [count, days, "Times in "].filter(Boolean).join(" · "), quote(city(state.zone))),
  );
  return el("header", { class: "bar" }, title, larger(redraw));
}

/** redraw draws what hangs on the host, unless somebody is at work. */
const redraw = () => main.matches(".agenda") && !main.inert && !state.open && draw();

/** parts are the chips that choose another part of the agenda. */
function parts() {
  /** @param {string} only */
  const choose = async (only) => {
    Object.assign(state, { only, asked: asks(only), items: [], cursor: undefined, open: "", all: false });
    await read();
    focusOn(main.querySelector(".views :checked"));
  };
  const chips = PARTS.map(([only, label]) =>
    el(
      "label",
      { class: "chip" },
      el("input", { type: "radio", name: "part", checked: only === state.only, change: () => choose(only) }),
      label,
    ),
  );
  return el("div", { class: "views", role: "radiogroup", "aria-label": "Which bookings" }, ...chips);
}

/** focusOnLine leads the keyboard to a booking's line. @param {any} id */
const focusOnLine = (id) => focusOn(document.getElementById(`line-${id}`));

/** section is a day and its bookings. @param {string} date @param {Data[]} bookings */
function section(date, bookings) {
  const today = dateOf(Date.now(), state.zone);
  const near =
    { [today]: "Today, ", [addDays(today, 1)]: "Tomorrow, ", [addDays(today, -1)]: "Yesterday, " }[date] ?? "";
  const title = date ? near + day(date) : "No time told";
  return el("section", { class: "day" }, el("h2", {}, title), el("ul", {}, ...bookings.map(entry)));
}

/** entry is a booking: its line and, if it is opened, what is known of it and can be done. @param {Data} booking */
function entry(booking) {
  const { id, starting_time, status } = booking;
  const opened = id === state.open;
  const gone = status === "canceled" ? "off" : ends(booking) < Date.now() ? "over" : "";
  const toggle = () => {
    state.open = opened ? "" : id;
    draw();
    focusOnLine(id);
  };
  const line = el(
    "button",
    {
      type: "button",
      id: `line-${id}`,
      class: `line ${gone}`,
      "aria-expanded": String(opened),
      "aria-controls": opened && `open-${id}`,
      click: toggle,
    },
    begins(booking) ? el("time", { datetime: starting_time }, clock(starting_time, state.zone)) : dim("–"),
    el("strong", {}, quote(guest(booking), 60)),
    badge(status),
    el("small", {}, quote(place(booking) ?? "Booking", 60), person(booking) && text(" · ", quote(person(booking), 40))),
  );
  return el("li", {}, line, opened && el("div", { class: "open", id: `open-${id}` }, ...reveal(booking)));
}

/** reveal is what an opened booking shows: what is known, and then the whole of it. @param {Data} booking */
function reveal(booking) {
  if (doubts.has(booking.id)) return doubtful(booking);
  if (!isStale(booking.read_at)) return whole(booking);
  if (!host.can.serverTools) return [facts(booking), links(booking)];
  const bone = el("div", { class: "bone" });
  look(booking).then(({ now, lost }) => {
    // Where something else is shown by now, that stays.
    if (bone.isConnected) fill(now ?? booking, !now && note("warn", quote(lost, 300)));
  });
  return [facts(booking), bone];
}

/** look reads a booking again: how it is now, or why that is not known. @param {Data} booking */
async function look({ id }) {
  const { kind, data, message } = await host.call("get_booking", { booking_id: id });
  return kind === "done" && data.id === id ? { now: keep(data) } : { lost: message || "OnceHub told nothing of it." };
}

/** keep puts what was read of a booking in the place of what the list said. @param {Data} data @returns {Data} */
function keep(data) {
  const at = state.items.findIndex(({ id }) => id === data.id);
  const kept = { ...state.items[at], ...data, read_at: new Date().toISOString() };
  state.items.splice(at < 0 ? state.items.length : at, 1, kept);
  return kept;
}

/** whole is a booking with its links and what can be done. @param {Data} booking */
const whole = (booking) => [facts(booking), links(booking), deeds(booking)];

/** fill draws in the opened row of a booking, wherever that is by now. @param {Data} booking @param {Node | false} [notice] @param {(Node | false)[]} [parts] */
function fill(booking, notice = false, parts = whole(booking)) {
  const row = `open-${booking.id}`;
  if (!byId(row)) {
    if (!state.items.some(({ id }) => id === booking.id)) state.items.push(booking);
    Object.assign(state, { open: booking.id, all: true });
    draw();
  }
  const inside = byId(row);
  const led = inside.contains(document.activeElement);
  inside.replaceChildren();
  for (const part of [notice, ...parts]) if (part) inside.append(part);
  if (led) focusOnLine(booking.id);
}

/** facts are what is known of a booking. @param {Data} booking */
function facts(booking) {
  const form = object(booking.form_submission);
  const { starting_time, duration_minutes, customer_timezone, location_description } = booking;
  const theirs = begins(booking) > 0 && elsewhere(starting_time, state.zone, customer_timezone, "guest");
  const { reason, actioned_by } = object(booking.cancel_reschedule_information);
  const by = actioned_by === "customer" ? "by the guest" : actioned_by === "user" && "on your side";
  const called = ["note", "company", "phone"].map((key) => ({
    name: key[0].toUpperCase() + key.slice(1),
    value: form[key],
  }));
  // OnceHub tells an answer twice.
  const told = [...list(form.custom_fields), ...list(booking.custom_fields)].map(object);
  const answers = new Map(told.map((each) => [JSON.stringify([each.name, each.value]), each]));
  const others = list(form.guests).map(String).join(", ");
  return rows([
    ["When", begins(booking) > 0 && el("div", {}, span(starting_time, duration_minutes, state.zone), theirs)],
    [
      "Guest",
      text(
        quote(guest(booking)),
        booking.guest_name && booking.guest_email && text(", ", quote(booking.guest_email, 120)),
      ),
    ],
    ["With", person(booking) && quote(person(booking))],
    [
      "Status",
      text(
        badge(booking.status) || "Scheduled",
        by && booking.status === "canceled" && ` ${by}`,
        reason && text(": ", quote(reason, 300)),
      ),
    ],
    ["Where", location_description && quote(location_description, 200)],
    ["Others", others && quote(others, 300)],
    ...[...called, ...answers.values()].map(said),
  ]);
}

/** said is what a guest said to a question. @param {Data} answer @returns {[string, Node | false]} */
const said = ({ name, value }) => [clean(name, 40), !!value && quote(inLine(value), 600)];

/** inLine is an answer of a form in one line: a list by commas. @param {any} value */
const inLine = (value) =>
  Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : value;

/** links are where a booking leads. @param {Data} booking */
function links(booking) {
  const comes = live.includes(booking.status) && ends(booking) > Date.now();
  const found = [
    comes && link("Join", object(booking.virtual_conferencing).join_url),
    comes && link("Reschedule page", booking.reschedule_url),
  ];
  return el("div", { class: "links" }, ...found);
}

/** deeds are the buttons of what can be done about a booking now. @param {Data} booking */
function deeds(booking) {
  const { status } = booking;
  const comes = live.includes(status) && begins(booking) > Date.now();
  const passed = ["scheduled", "rescheduled", "completed"].includes(status) && begins(booking) < Date.now();
  const { can } = state;
  /** @param {Deed} deed @param {string} [look] */
  const offer = (deed, look) => button(deed.label, () => begin(booking, deed), look);
  const buttons = [
    comes && can.request_reschedule && offer(RESCHEDULE),
    comes && can.reassign && offer(REASSIGN),
    comes && can.cancel && offer(CANCEL, "danger"),
    passed && can.mark_no_show && offer(NO_SHOW),
  ].filter(Boolean);
  return buttons.length > 0 && el("div", { class: "actions" }, ...buttons);
}

/**
 * Deed is a change of a booking: the tool; the words of its button, its question, its act and its outcome; the controls that
 * it asks for; who gets an e-mail; how a booking looks to which it has happened; and what that shows, if not all of it.
 * @typedef {{ tool: string, label: string, title: string, act: string, doing: string, done: string, seen?: string, look?: "danger",
 *   controls?(before: Data): Promise<Controls | Outcome>, mailed(answers: Data): string, happened(booking: Data, answers: Data): boolean }} Deed
 * @typedef {{ nodes: Node[], answers(): Data, wrong?(): HTMLElement | null }} Controls
 */

/** reasons asks what the guest reads. @param {Data} before @param {boolean} mayBeQuiet whether the guest need not be told @returns {Promise<Controls>} */
async function reasons(before, mayBeQuiet) {
  const reason = el("textarea", { rows: 2, maxlength: 500 }, before.reason);
  const tell = el("input", { type: "checkbox", checked: before.notify_guest !== false });
  const quiet = mayBeQuiet && el("label", { class: "check" }, tell, "E-mail the guest");
  return {
    nodes: [field(text("Reason", dim(" (optional: the guest reads it)")), reason), ...(quiet ? [quiet] : [])],
    answers: () => ({
      ...(reason.value.trim() && { reason: reason.value.trim() }),
      ...(!tell.checked && { notify_guest: false }),
    }),
  };
}

/** hosts asks for the new host: one of the account's active users. @param {Data} booking @param {Data} before @returns {Promise<Controls | Outcome>} */
async function hosts(booking, before) {
  /** @type {Data[]} */
  const users = [];
  let cursor;
  for (let page = 0; page < PAGES; page++) {
    const outcome = await host.call("list_users", { limit: 100, ...(cursor && { cursor }) });
    const { kind, data, message } = outcome;
    // What has no type is not from the tool: it was not reached.
    if (kind !== "done" && !data.type)
      return failed(`Choosing a host needs list_users, which cannot be called here: ask the assistant. (${message})`);
    if (kind !== "done") return outcome;
    users.push(...list(data.items).map(object));
    cursor = data.next_cursor;
    if (typeof cursor !== "string") break;
  }
  const others = users.filter(({ id, status }) => status === "active" && id !== ownerOf(booking));
  if (!others.length) return failed("There is no other active user to take it.");
  /** @param {Data} user */
  const nameOf = ({ first_name, last_name, email }) =>
    clean([first_name, last_name].filter(Boolean).join(" ") || email, 60);
  const names = others.map(nameOf);
  const named = others.map((user, at) => {
    const name = names[at];
    const isShared = names.indexOf(name) !== names.lastIndexOf(name);
    return { id: user.id, name: isShared ? `${name} (${clean(user.email, 60)})` : name };
  });
  named.sort((a, b) => a.name.localeCompare(b.name));
  const select = el(
    "select",
    {},
    el("option", { value: "" }, "Choose a host"),
    ...named.map(({ id, name }) => el("option", { value: id, selected: id === before.new_host }, name)),
  );
  const more = typeof cursor === "string" && note("", "There are more users than these: ask the assistant for others.");
  return {
    nodes: [field("New host", select), ...(more ? [more] : [])],
    answers: () => ({ new_host: select.value }),
    wrong: () => {
      mark(select, select.value ? "" : "Choose who takes it.");
      return select.value ? null : select;
    },
  };
}

/** @type {Deed} */
const CANCEL = {
  tool: "cancel_booking",
  label: "Cancel…",
  title: "Cancel this booking?",
  act: "Cancel booking",
  doing: "Canceling…",
  done: "Canceled.",
  look: "danger",
  controls: (before) => reasons(before, true),
  mailed: ({ notify_guest }) => (notify_guest === false ? "The guest gets none" : "From OnceHub to the guest"),
  happened: ({ status }) => status === "canceled",
};
/** @type {Deed} */
const RESCHEDULE = {
  tool: "request_reschedule",
  label: "Ask to reschedule…",
  title: "Cancel it, and ask the guest for another time?",
  act: "Ask the guest",
  doing: "Asking…",
  done: "Canceled, and the guest is asked to choose another time.",
  seen: "It is canceled; whether the guest was asked for another time is not known.",
  controls: (before) => reasons(before, false),
  mailed: () => "From OnceHub to the guest, with a link to choose a time. This one is free at once",
  happened: ({ status }) => status === "canceled",
};
/** @type {Deed} */
const REASSIGN = {
  tool: "reassign_booking",
  label: "Reassign…",
  title: "Give it to another host?",
  act: "Reassign",
  doing: "Reassigning…",
  done: "Reassigned.",
  mailed: () => "From OnceHub to the guest and both hosts",
  happened: (booking, { new_host }) => ownerOf(booking) === new_host,
};
/** @type {Deed} */
const NO_SHOW = {
  tool: "mark_no_show",
  label: "No-show…",
  title: "Mark as a no-show?",
  act: "Mark no-show",
  doing: "Marking…",
  done: "Marked as a no-show.",
  mailed: () => "Whether OnceHub sends one is not known. It cannot be undone here",
  happened: ({ status }) => status === "no_show",
};

/** begin asks for what a deed needs and whether to do it. @param {Data} booking @param {Deed} deed */
async function begin(booking, deed) {
  const now = await fresh(booking);
  if (!now) return;
  const before = draft(now, deed);
  const controls = await busy(async () => (deed === REASSIGN ? hosts(now, before) : deed.controls?.(before)));
  if (controls && "message" in controls) return fill(now, trouble(controls));
  const mailed = el("span", {}, deed.mailed(before));
  const no = () => {
    fill(now);
    const again = [...main.querySelectorAll(".open button")].find((each) => each.textContent === deed.label);
    focusOn(again);
  };
  const panel = ask({
    title: deed.title,
    facts: [
      ["What", text(quote(place(now) ?? "Booking", 60), person(now) && text(" with ", quote(person(now), 60)))],
      ["When", !!begins(now) && span(now.starting_time, now.duration_minutes, state.zone)],
      ["Guest", text(quote(guest(now)), now.guest_email && text(", ", quote(now.guest_email, 120)))],
      ["E-mail", mailed],
    ],
    act: deed.act,
    doing: deed.doing,
    look: deed.look,
    check: () => controls?.wrong?.() ?? null,
    yes: () => act(now, deed, controls?.answers() ?? {}),
    no,
  });
  panel.addEventListener("input", () => {
    const answers = controls?.answers() ?? {};
    drafts.set(now.id + deed.tool, answers);
    mailed.textContent = deed.mailed(answers);
  });
  for (const node of controls?.nodes ?? []) panel.lastElementChild?.before(node);
  fill(now, panel, []);
}

/** fresh is a booking, read again if that was longer than two minutes ago; nothing if its row says now why not to go on. @param {Data} booking @returns {Promise<Data | void>} */
async function fresh(booking) {
  if (!isStale(booking.read_at)) return booking;
  const { now, lost } = await busy(() => look(booking));
  if (!now) return fill(booking, note("bad", "Nothing was changed. ", quote(lost, 300)));
  const { status, starting_time } = booking;
  const isSame = now.status === status && now.starting_time === starting_time && ownerOf(now) === ownerOf(booking);
  if (isSame) return now;
  draw();
  fill(now, note("warn", "It was changed meanwhile: this is how it is now."));
  focusOnLine(now.id);
}

/** act carries a deed out, once, and shows what came of it. @param {Data} booking @param {Deed} deed @param {Data} answers */
async function act(booking, deed, answers) {
  if (!(await fresh(booking))) return;
  const asked = { booking_id: booking.id, ...answers };
  const outcome = await busy(() => host.call(deed.tool, asked, "changes"));
  const { kind, data, message } = outcome;
  if (kind === "done" && data.id === booking.id && deed.happened(data, answers)) return done(deed, data, deed.done);
  // A reply that does not show the deed proves nothing.
  if (kind === "done") return uncertain(booking, deed, answers, `The reply does not show it (${clean(message, 120)})`);
  if (kind === "unknown") return uncertain(booking, deed, answers, `The answer was lost (${clean(message, 120)})`);
  // It may have been refused for what somebody else did.
  const { now = booking } = kind === "failed" ? await busy(() => look(booking)) : {};
  draw();
  fill(now, refused("Nothing was changed. ", deed.tool, outcome));
  focusOnLine(now.id);
}

/** done redraws a booking to which a deed has happened, and lets the assistant know. @param {Deed} deed @param {Data} data @param {string} words */
function done(deed, data, words) {
  const now = keep(data);
  drafts.delete(now.id + deed.tool);
  const all = words === deed.done;
  const begun = isInstant(now.starting_time) ? now.starting_time : "(unknown)";
  host.tell(
    `${deed.tool} in the view: ${all ? "done" : "answer lost"} for ${idOf(now.id)}, which begins at ${begun}.${all ? "" : ` ${words}`}`,
  );
  draw();
  fill(now, note(all ? "good" : "warn", words), [facts(now)]);
  focusOnLine(now.id);
  say(words);
}

/** uncertain says that it is not known whether a deed happened, and remembers it: nothing is to be repeated. @param {Data} booking @param {Deed} deed @param {Data} answers @param {string} why */
function uncertain(booking, deed, answers, why) {
  const words = `${why}: it may have happened, or not. Look before you try again.`;
  doubts.set(booking.id, { deed, answers, since: new Date().toISOString(), words });
  host.tell(`${deed.tool} in the view: outcome unknown for ${idOf(booking.id)}. Look, do not repeat.`);
  fill(booking, false, doubtful(booking));
  focusOn(main.querySelector(".open .primary"));
}

/** doubtful is a booking of which it is not known whether a deed happened: it can be looked at. @param {Data} booking @returns {(Node | false)[]} */
function doubtful(booking) {
  const doubt = doubts.get(booking.id);
  if (!doubt) return whole(booking);
  const { deed, answers, since, words } = doubt;
  const see = async () => {
    const { now, lost } = await busy(() => look(booking));
    const over = isStale(since);
    if (now && (over || deed.happened(now, answers))) doubts.delete(now.id);
    if (now && deed.happened(now, answers)) return done(deed, now, deed.seen ?? deed.done);
    if (now && over) return fill(now, note("warn", "It has not happened."));
    doubt.words = lost ?? "It has not happened so far. OnceHub may still be working on it: look again in two minutes.";
    fill(booking, false, doubtful(booking));
    focusOn(main.querySelector(".open .primary"));
  };
  const go = el("div", { class: "actions" }, button("Look", see, "primary"));
  return [note("warn", quote(words, 300)), facts(booking), go];
}

start(
  {
    wait() {
      state.asked = {};
      put("wait", ...skeleton);
    },
    show(outcome) {
      const { kind, data } = outcome;
      if (kind !== "done" || !Array.isArray(data.items)) return nothing(this, outcome);
      take(data);
      if (state.cursor && host.can.serverTools) read();
      else draw();
    },
    async load(args) {
      const outcome = await host.call("show_bookings", args);
      // What has no type is not from the tool: the chat refused the call. Without it, it is not known what can be done.
      if (outcome.kind === "done" || outcome.data.type) return outcome;
      const { starts_after = "today", starts_before, host: by, guest: of, status, time_zone } = args;
      const until = starts_before ?? (starts_after === "today" ? "+7d" : undefined);
      const asked = {
        starts_after,
        starts_before: until,
        host: by,
        guest: of,
        status: status && [status].flat(),
        time_zone,
      };
      const filters = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
      const { data, ...rest } = await host.call("list_bookings", { ...filters, limit: 100 });
      return { ...rest, data: { ...data, filters } };
    },
    context: redraw,
  },
  "Bookings",
);
