// The agenda: bookings by day. One opens in place, with its notes and links, and with what can be done about it.

const skeleton = [...main.children];

/** How many bookings are shown at first where there is little room. */
const FEW = 5;

/** What is shown. `only` is the chosen part; `open`, the id of the booking that is opened; `all`, none is folded away. */
const state = {
  /** @type {Data} the arguments of the tool */
  args: {},
  /** @type {Data} what to ask `list_bookings` for the same */
  filters: {},
  /** @type {Data[]} */
  items: [],
  /** @type {string | null} */
  cursor: null,
  zone: "UTC",
  only: "asked",
  open: "",
  all: false,
  /** @type {Data} */
  can: {},
};

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

/** take puts what the tool replied into the state. @param {Data} data */
function take({ items, next_cursor, time_zone, filters, can }) {
  state.items = list(items).map(object);
  state.cursor = typeof next_cursor === "string" ? next_cursor : null;
  state.zone = isZone(time_zone) ? time_zone : hereZone();
  state.filters = object(filters);
  state.can = host.can.serverTools ? object(can) : {};
  Object.assign(state, { only: "asked", open: "", all: false });
}

/** PARTS are the parts of an agenda, and what each asks of `list_bookings` besides the host and the guest. @type {[string, string][]} */
const PARTS = [
  ["asked", "Asked"],
  ["coming", "Coming"],
  ["past", "Past"],
  ["canceled", "Canceled"],
];

/** asks is what `list_bookings` is asked for a part. @param {string} only */
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

/** read adds bookings, after the cursor if there is one; an outcome that failed, else null. @param {string | null} cursor */
async function read(cursor) {
  const asked = { ...asks(state.only), limit: 25, ...(cursor && { cursor }) };
  const outcome = await host.call("list_bookings", asked);
  if (outcome.kind !== "done") return outcome;
  const { items, next_cursor } = outcome.data;
  const known = new Map((cursor ? state.items : []).map((each) => [each.id, each]));
  for (const item of list(items).map(object)) known.set(item.id, item);
  state.items = [...known.values()];
  state.cursor = typeof next_cursor === "string" ? next_cursor : null;
  return null;
}

/** draw shows the bookings. @param {Node | false | null} [notice] */
function draw(notice = null) {
  const past = state.only === "past";
  const sorted = state.items.toSorted((a, b) => (past ? begins(b) - begins(a) : begins(a) - begins(b)));
  const roomy = host.context.displayMode === "fullscreen" || state.all || sorted.length <= FEW + 1;
  const shown = roomy ? sorted : sorted.slice(0, FEW);
  /** @type {Map<string, Data[]>} */
  const days = new Map();
  for (const booking of shown) {
    const date = begins(booking) ? dateOf(begins(booking), state.zone) : "";
    days.set(date, [...(days.get(date) ?? []), booking]);
  }
  const count = `${state.items.length}${state.cursor ? " of more bookings" : state.items.length === 1 ? " booking" : " bookings"}`;
  const unfold = () => {
    state.all = true;
    draw();
    focusOnLine(sorted[FEW]?.id);
  };
  const more = async () => {
    state.all = true;
    const next = await busy(() => read(state.cursor));
    draw(next && note("bad", quote(next.message, 300)));
    say(`${state.items.length} bookings`);
  };
  const rest = sorted.length - shown.length;
  const foot = rest
    ? button(`${rest} more`, unfold)
    : state.cursor && host.can.serverTools
      ? button("Look for more", more)
      : null;
  put(
    "agenda",
    heading(count),
    host.can.serverTools && parts(),
    notice,
    sorted.length ? null : note("", "No bookings here."),
    ...[...days].map(([date, each]) => section(date, each)),
    foot && el("div", { class: "bar foot" }, foot),
  );
}

/** heading is the line above: how many there are, and room for more of them. @param {string} count */
function heading(count) {
  const { availableDisplayModes, displayMode } = host.context;
  const larger = displayMode !== "fullscreen" && list(availableDisplayModes).includes("fullscreen");
  const title = el(
    "div",
    { tabindex: -1 },
    el("h1", {}, "Bookings"),
    el("p", { class: "dim" }, `${count}, times in `, quote(city(state.zone))),
  );
  return el(
    "header",
    { class: "bar" },
    title,
    larger && icon("⤢", "Full screen", () => host.display("fullscreen").then(() => draw())),
  );
}

/** parts are the chips that choose another part of the agenda. */
function parts() {
  /** @param {string} only */
  const choose = async (only) => {
    Object.assign(state, { only, open: "", all: false });
    const lost = await busy(() => read(null));
    if (lost) state.items = [];
    draw(lost && note("bad", quote(lost.message, 300)));
    focusOn(main.querySelector(".views :checked"));
    say(`${state.items.length} bookings`);
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
  const inside = el("div", { class: "open", id: `open-${id}` });
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
      "aria-controls": opened && inside.id,
      click: toggle,
    },
    begins(booking) ? el("time", { datetime: starting_time }, clock(starting_time, state.zone)) : dim("–"),
    el("strong", {}, quote(guest(booking), 60)),
    badge(status),
    el("small", {}, quote(place(booking) ?? "Booking", 60), person(booking) && text(" · ", quote(person(booking), 40))),
  );
  if (opened) reveal(booking, inside);
  return el("li", {}, line, opened && inside);
}

/** reveal fills an opened booking: with what is known, and then with the whole of it. @param {Data} booking @param {HTMLElement} inside */
async function reveal(booking, inside) {
  if (booking.read_at && !isStale(booking.read_at)) return fill(inside, booking);
  inside.append(facts(booking), el("div", { class: "bone" }));
  if (!host.can.serverTools) return inside.replaceChildren(facts(booking), links(booking));
  const { kind, data, message } = await host.call("get_booking", { booking_id: booking.id });
  const whole = kind === "done" ? { ...booking, ...data } : booking;
  if (kind === "done") keep(data);
  const lost = kind !== "done" && note("warn", quote(message, 300));
  fill(inside, whole, lost);
}

/** keep puts what was read of a booking in the place of what the list said. @param {Data} data */
function keep(data) {
  const at = state.items.findIndex(({ id }) => id === data.id);
  if (at >= 0) state.items[at] = { ...state.items[at], ...data, read_at: new Date().toISOString() };
}

/** fill shows a booking whole, with its links and what can be done. @param {HTMLElement} inside @param {Data} booking @param {Node | false} [notice] */
function fill(inside, booking, notice = false) {
  inside.replaceChildren();
  for (const part of [notice, facts(booking), links(booking), deeds(inside, booking)]) if (part) inside.append(part);
}

/** facts are what is known of a booking. @param {Data} booking */
function facts(booking) {
  const form = object(booking.form_submission);
  const { starting_time, duration_minutes, customer_timezone, location_description } = booking;
  const differs =
    !!begins(booking) &&
    isZone(customer_timezone) &&
    offset(starting_time, customer_timezone) !== offset(starting_time, state.zone);
  const date = differs && day(dateOf(starting_time, customer_timezone), { weekday: "short" });
  const theirs =
    differs &&
    el(
      "div",
      { class: "dim" },
      `${date} ${clock(starting_time, customer_timezone)} in ${city(customer_timezone)} for the guest`,
    );
  const { reason, actioned_by } = object(booking.cancel_reschedule_information);
  const by = actioned_by === "customer" ? "by the guest" : actioned_by === "user" && "on your side";
  const called = ["note", "company", "phone"].map(
    (key) => /** @type {[string, any]} */ ([key[0].toUpperCase() + key.slice(1), form[key]]),
  );
  const answers = [...list(form.custom_fields), ...list(booking.custom_fields)]
    .map(object)
    .map(({ name, value }) => /** @type {[string, any]} */ ([clean(name, 40), value]));
  const others = list(form.guests).map(String).join(", ");
  return rows([
    ["When", !!begins(booking) && text(span(starting_time, duration_minutes, state.zone), theirs)],
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
    ...[...called, ...answers].map(
      ([label, value]) => /** @type {[string, Node | false]} */ ([label, !!value && quote(inLine(value), 600)]),
    ),
  ]);
}

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

/** deeds are the buttons of what can be done about a booking now. @param {HTMLElement} inside @param {Data} booking */
function deeds(inside, booking) {
  const { status } = booking;
  const comes = live.includes(status) && begins(booking) > Date.now();
  const passed = ["scheduled", "rescheduled", "completed"].includes(status) && begins(booking) < Date.now();
  const { can } = state;
  /** @param {Deed} deed @param {string} [look] */
  const offer = (deed, look) => button(deed.label, () => begin(inside, booking, deed), look);
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
 * it asks for; the arguments that these come to; who gets an e-mail; and how a booking looks to which it has happened.
 * @typedef {{ tool: string, label: string, title: string, act: string, doing: string, done: string, look?: "danger",
 *   controls?(): Promise<Controls | Outcome>, mailed(answers: Data): string, happened(booking: Data, answers: Data): boolean }} Deed
 * @typedef {{ nodes: Node[], answers(): Data, wrong?(): HTMLElement | null, listen(change: () => void): void }} Controls
 */

/** reasons asks what the guest reads. @param {boolean} mayBeQuiet whether the guest need not be told @returns {Promise<Controls>} */
async function reasons(mayBeQuiet) {
  const reason = el("textarea", { rows: 2, maxlength: 500 });
  const tell = el("input", { type: "checkbox", checked: true });
  const quiet = mayBeQuiet && el("label", { class: "check" }, tell, "E-mail the guest");
  return {
    nodes: [field(text("Reason", dim(" (optional: the guest reads it)")), reason), ...(quiet ? [quiet] : [])],
    answers: () => ({
      ...(reason.value.trim() && { reason: reason.value.trim() }),
      ...(!tell.checked && { notify_guest: false }),
    }),
    listen: (change) => tell.addEventListener("change", change),
  };
}

/** hosts asks for the new host: one of the account's active users. @param {Data} booking @returns {Promise<Controls | Outcome>} */
async function hosts(booking) {
  /** @type {Data[]} */
  const users = [];
  for (let cursor; users.length < 300;) {
    const outcome = await host.call("list_users", { limit: 100, ...(cursor && { cursor }) });
    if (outcome.kind !== "done") return outcome;
    users.push(...list(outcome.data.items).map(object));
    cursor = outcome.data.next_cursor;
    if (typeof cursor !== "string") break;
  }
  const others = users.filter(({ id, status }) => status === "active" && id !== ownerOf(booking));
  if (!others.length) return failed("There is no other active user to take it.");
  /** @param {Data} user */
  const nameOf = ({ first_name, last_name, email }) =>
    clean([first_name, last_name].filter(Boolean).join(" ") || email, 60);
  const named = others.map((user) => ({ id: user.id, name: nameOf(user) }));
  named.sort((a, b) => a.name.localeCompare(b.name));
  const select = el(
    "select",
    {},
    el("option", { value: "" }, "Choose a host"),
    ...named.map(({ id, name }) => el("option", { value: id }, name)),
  );
  return {
    nodes: [field("New host", select)],
    answers: () => ({ new_host: select.value }),
    wrong: () => {
      mark(select, select.value ? "" : "Choose who takes it.");
      return select.value ? null : select;
    },
    listen: (change) => select.addEventListener("change", change),
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
  controls: () => reasons(true),
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
  controls: () => reasons(false),
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

/** begin asks for what a deed needs and whether to do it, after reading again what is older than two minutes. @param {HTMLElement} inside @param {Data} booking @param {Deed} deed */
async function begin(inside, booking, deed) {
  const now = await busy(() => fresh(booking));
  if ("message" in now) return fill(inside, booking, note("bad", quote(now.message, 300)));
  const changed =
    now.status !== booking.status || now.starting_time !== booking.starting_time || ownerOf(now) !== ownerOf(booking);
  if (changed) return fill(inside, now, note("warn", "It was changed meanwhile: this is how it is now."));
  const controls = await busy(async () => (deed === REASSIGN ? hosts(now) : deed.controls?.()));
  if (controls && "message" in controls) return fill(inside, now, note("bad", quote(controls.message, 300)));
  const mailed = el("span", {}, deed.mailed({}));
  const no = () => {
    fill(inside, now);
    const again = [...inside.querySelectorAll("button")].find((each) => each.textContent === deed.label);
    again?.focus();
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
    yes: () => act(inside, now, deed, controls?.answers() ?? {}),
    no,
  });
  controls?.listen(() => (mailed.textContent = deed.mailed(controls.answers())));
  for (const node of controls?.nodes ?? []) panel.lastElementChild?.before(node);
  inside.replaceChildren(panel);
}

/** fresh is a booking as it is now: read again if that was longer ago. @param {Data} booking @returns {Promise<Data>} or the outcome that failed */
async function fresh(booking) {
  if (!isStale(booking.read_at ?? state.items.find(({ id }) => id === booking.id)?.read_at)) return booking;
  const outcome = await host.call("get_booking", { booking_id: booking.id });
  if (outcome.kind !== "done") return outcome;
  keep(outcome.data);
  const { message: _, ...data } = outcome.data;
  return { ...booking, ...data };
}

/** act carries a deed out, once, and shows what came of it. @param {HTMLElement} inside @param {Data} booking @param {Deed} deed @param {Data} answers */
async function act(inside, booking, deed, answers) {
  const asked = { booking_id: booking.id, ...answers };
  const { kind, data, message } = await host.call(deed.tool, asked, "changes");
  if (kind === "done") return done(booking, deed, data);
  if (kind === "unknown") return uncertain(inside, booking, deed, answers);
  const hint =
    kind === "declined" && data.type === "not_confirmed"
      ? ` Ask the assistant to call ${deed.tool} where it can ask you.`
      : "";
  fill(inside, booking, note("bad", "Nothing was changed. ", quote(message, 300), hint));
}

/** done redraws a booking to which a deed has happened, and lets the assistant know. @param {Data} booking @param {Deed} deed @param {Data} data */
function done(booking, deed, data) {
  keep({ ...data, id: booking.id });
  const now = state.items.find(({ id }) => id === booking.id) ?? booking;
  draw();
  const inside = byId(`open-${booking.id}`);
  inside.replaceChildren(note("good", deed.done), facts(now));
  focusOnLine(booking.id);
  say(deed.done);
  host.tell(
    `${deed.tool} in the view: done for ${idOf(booking.id)}, which begins at ${isInstant(booking.starting_time) ? booking.starting_time : "(unknown)"}.`,
  );
}

/** uncertain says that it is not known whether a deed happened, and looks when asked to; it never repeats. @param {HTMLElement} inside @param {Data} booking @param {Deed} deed @param {Data} answers */
function uncertain(inside, booking, deed, answers) {
  const answer = note("warn", "The answer was lost: it may have happened, or not. Look before you try again.");
  const look = async () => {
    go.ariaDisabled = "true";
    const { kind, data, message } = await host.call("get_booking", { booking_id: booking.id });
    if (kind === "done" && deed.happened(data, answers)) return done(booking, deed, data);
    const none = "It has not happened so far. OnceHub may still be working on it: look again in a minute.";
    answer.replaceChildren(kind === "done" ? none : quote(message, 300));
    go.textContent = "Look again";
    go.ariaDisabled = null;
  };
  const go = button("Look", look, "primary");
  inside.replaceChildren(answer, facts(booking), el("div", { class: "actions" }, go));
  go.focus();
  host.tell(`${deed.tool} in the view: outcome unknown for ${idOf(booking.id)}. Look, do not repeat.`);
}

start(
  {
    wait(args) {
      state.args = args;
      put("wait", ...skeleton);
    },
    show({ kind, data, message }) {
      if (kind === "done" && Array.isArray(data.items)) {
        take(data);
        return draw();
      }
      const again = () => this.load(state.args).then((outcome) => this.show(outcome));
      const retry = host.can.serverTools && button("Try again", again);
      put(
        "lost",
        note(kind === "done" ? "" : "bad", quote(message || "There is nothing to show.", 300)),
        retry || false,
      );
    },
    async load({ starts_after = "today", starts_before, host: by, guest: of, status, time_zone }) {
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
      const outcome = await host.call("list_bookings", { ...filters, limit: 25 });
      const can = { cancel: true, request_reschedule: true, reassign: true, mark_no_show: true };
      return { ...outcome, data: { ...outcome.data, filters, can } };
    },
    context: () => main.matches(".agenda") && !state.open && draw(),
  },
  "Bookings",
);
