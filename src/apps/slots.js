// Free times: the person picks one and books it, for the guest that the assistant named or the form asks for.

const WEEK = 7;
const TAKEN = "That time is not free any more. Nothing was booked; here is what is free now.";

/**
 * What is shown: `until`, how far `starts` go; `first` of the seven days, and the `date` that is open; the start that is
 * `picked`; `all`, no time is folded away; `book`, the view can; the `form`'s answers.
 * @typedef {{ calendar: Data, starts: string[], until: string, asOf: string, zone: string, first: string, date: string,
 *   picked: string, all: boolean, book: boolean, form: Record<string, string> }} State
 */
const state = /** @type {State} */ ({ all: false });

/** today is the date now, in the zone that is shown. */
const today = () => dateOf(Date.now(), state.zone);

/** take puts what a tool replied into the state. @param {Data} data */
function take(data) {
  const { calendar, guest, days, time_zone, more_from, can, as_of } = data;
  state.calendar = { ...object(calendar) };
  // A host of whom only the id is known has no name for people.
  if (idOf(state.calendar.host) === state.calendar.host) state.calendar.host = "";
  state.starts = order(list(days).flatMap((each) => list(each?.starts)));
  state.zone = isZone(time_zone) ? time_zone : hereZone();
  state.asOf = String(as_of);
  state.until = isInstant(more_from) ? more_from : (state.starts.at(-1) ?? new Date().toISOString());
  state.first = dateOf(state.starts[0] ?? Date.now(), state.zone);
  state.date = state.first;
  state.picked = "";
  state.book = !!object(can).book && !!host.can.serverTools;
  state.form = { name: clean(object(guest).name, 300), email: clean(object(guest).email, 300), place: "0" };
}

/** order sorts instants of UTC, each once. @param {any[]} instants @returns {string[]} */
const order = (instants) => [...new Set(instants.filter(isInstant))].sort();

/**
 * read gets the starts from one instant to another, or to where the reply is cut; an outcome that failed, else null.
 * @param {string} from @param {string} to
 */
async function read(from, to) {
  const begin = Math.max(Date.parse(from), Date.now());
  const start_time = begin > Date.now() ? from : undefined;
  const asked = { calendar_id: state.calendar.id, start_time, end_time: to, time_zone: state.zone, limit: 500 };
  const outcome = await host.call("get_booking_time_slots", asked);
  if (outcome.kind !== "done") return outcome;
  const { items, next_start_time: cut } = outcome.data;
  const kept = state.starts.filter((start) => Date.parse(start) < begin || (!cut && start >= to));
  state.starts = order([...kept, ...list(items).map((item) => item?.start_time)]);
  // Beyond a gap, nothing counts as read.
  if (begin > Date.parse(state.until)) return null;
  if (isInstant(cut)) state.until = cut;
  else if (to > state.until) state.until = to;
  return null;
}

/** unread tells whether a date is not known, or only in part. @param {string} date */
const unread = (date) => date >= dateOf(state.until, state.zone);

/** isFree tells whether the chosen time is. */
const isFree = () => state.starts.includes(state.picked);

/** brief is the time of day for a chip: "14:30", or "2:30pm". @param {string} start */
const brief = (start) => clock(start, state.zone).replace(/\s([AP]M)$/i, (_, half) => half.toLowerCase());

/** noon is an instant near the middle of a date, at which the next date has begun nowhere. @param {string} date @param {number} days */
const noon = (date, days) => `${addDays(date, days)}T12:00:00Z`;

/** refresh reads again what is older than two minutes; an outcome that failed, else null. */
async function refresh() {
  if (!isStale(state.asOf)) return null;
  if (state.first < today()) state.first = today();
  const to = noon(state.first, WEEK);
  let lost = await read(noon(state.first, -1), to);
  // A reply may be cut before the chosen time.
  if (!lost && state.picked >= state.until) lost = await read(state.picked, to);
  if (!lost) state.asOf = new Date().toISOString();
  return lost;
}

/** about says what is booked: its name, how long, with whom. */
function about() {
  const { minutes, host: person } = state.calendar;
  return text(minutes > 0 && `${Number(minutes)} min `, person && text("with ", quote(person, 60)));
}

/** pick draws the days and their times. @param {Node | false} [notice] */
function pick(notice = false) {
  const returns = !main.matches(".wait, .lost");
  const week = el("div", { class: "week", role: "group", "aria-label": "Days" });
  const days = el("div", { class: "days" });
  const go = button(state.book ? "Continue" : "Use this time", proceed, "primary");
  const earlier = icon("‹", "Earlier days", () => turnTo(addDays(state.first, -WEEK)));
  const later = icon("›", "Later days", () => turnTo(addDays(state.first, WEEK)));

  /** @param {string} start */
  const chosen = (start) => {
    state.picked = start;
    if (start) state.date = dateOf(start, state.zone);
    go.ariaDisabled = start ? null : "true";
    if (start) say(`${day(state.date)}, ${clock(start, state.zone)}, chosen`);
  };
  const draw = () => {
    lost?.remove();
    const dates = Array.from({ length: WEEK }, (_, at) => addDays(state.first, at));
    const byDay = dates.map((date) => state.starts.filter((start) => dateOf(start, state.zone) === date));
    const open = dates.filter((_, at) => byDay[at].length);
    if (!open.includes(state.date)) state.date = open[0] ?? dates[0];
    const shifts = offset(noon(state.first, -1), state.zone) !== offset(noon(state.first, WEEK), state.zone);
    earlier.ariaDisabled = state.first > today() ? null : "true";
    week.replaceChildren(...dates.map((date, at) => dayChip(date, at, byDay[at].length)));
    days.className = state.all ? "days all" : "days";
    days.replaceChildren(...dates.map((date, at) => column(date, byDay[at], shifts)));
    if (!open.length) days.replaceChildren(none());
    chosen(byDay.flat().includes(state.picked) ? state.picked : "");
  };
  /** @param {string} date @param {number} at @param {number} count */
  const dayChip = (date, at, count) => {
    const pickDay = () => {
      state.date = date;
      for (let n = 0; n < WEEK; n += 1) days.children[n]?.classList.toggle("chosen", n === at);
    };
    const name = `${day(date)}: ${count} ${count === 1 ? "time" : "times"} free${unread(date) ? " so far" : ""}`;
    const dots = Array.from({ length: Math.min(3, Math.ceil(count / 5)) }, () => el("i"));
    return el(
      "label",
      { class: "chip" },
      el("input", {
        type: "radio",
        name: "day",
        "aria-label": name,
        checked: !!count && date === state.date,
        disabled: !count && !(unread(date) && host.can.serverTools),
        change: pickDay,
      }),
      el("small", {}, day(date, { weekday: "short" })),
      day(date, { day: "numeric" }),
      el("span", { class: "dots" }, ...dots),
    );
  };
  /** @param {string} date @param {string[]} starts @param {boolean} shifts whether the zone's offset changes in these days */
  const column = (date, starts, shifts) => {
    const twice = new Set(starts.map((start) => offset(start, state.zone))).size > 1;
    const note = shifts && starts[0] ? ` (${offset(starts[0], state.zone)})` : "";
    /** @param {string} start */
    const chip = (start) => {
      const props = { type: "radio", name: "start", checked: start === state.picked, change: () => chosen(start) };
      const time = el("time", { datetime: start }, brief(start), twice && ` ${offset(start, state.zone)}`);
      return el("label", { class: "chip" }, el("input", props), time);
    };
    const unfold = () => {
      const next = [...chips.children].find((each) => !each.clientHeight);
      state.all = true;
      days.classList.add("all");
      focusOn(next?.firstElementChild);
    };
    const chips = el("div", { class: "chips" }, ...starts.map(chip), button("More", unfold, "quiet more"));
    const rest =
      unread(date) && (host.can.serverTools ? button("Read on", () => turnTo(state.first, date), "quiet") : dim("…"));
    /** @param {KeyboardEvent} event */
    const keydown = ({ key }) => key === "Enter" && state.picked && go.click();
    return el(
      "fieldset",
      { class: date === state.date ? "chosen" : "", "data-date": date, keydown },
      el("legend", {}, `${day(date, { weekday: "short", day: "numeric", month: "short" })}${note}`),
      starts.length ? chips : !rest && el("p", { class: "none dim" }, "–"),
      rest,
    );
  };
  const none = () => {
    const next = state.starts.find((start) => dateOf(start, state.zone) >= addDays(state.first, WEEK));
    const look = () => (next ? turnTo(dateOf(next, state.zone)) : ahead());
    const found = next || host.can.serverTools;
    const why = unread(addDays(state.first, WEEK - 1))
      ? "Not all of these days are read."
      : "Nothing is free on these days.";
    return el("div", { class: "stack" }, note("", why), found && button("Next free time", look));
  };
  /** ahead looks for the next free time, as far as one request sees. */
  const ahead = async () => {
    const to = addDays(state.until.slice(0, 10), 28);
    if (await reading(() => read(state.until, `${to}T00:00:00Z`))) return;
    const next = state.starts.find((start) => dateOf(start, state.zone) >= state.first);
    if (!next) say(`Nothing is free before ${day(to)}.`);
    await turnTo(next ? dateOf(next, state.zone) : to);
  };
  /** @type {HTMLElement | undefined} why something could not be read */
  let lost;
  /** reading shows that something is read, and tells what went wrong with it. @param {() => Promise<Outcome | null>} work */
  const reading = async (work) => {
    const failed = await busy(work);
    lost?.remove();
    if (failed) days.before((lost = trouble(failed)));
    return failed;
  };
  /** turnTo shows the seven days from `date`, and reads them if they are not known yet. @param {string} date @param {string} [open] */
  async function turnTo(date, open = date) {
    const first = date < today() ? today() : date;
    const known = !unread(addDays(first, WEEK - 1)) || !host.can.serverTools;
    if (!known && (await reading(() => read(state.until, noon(first, WEEK))))) return;
    Object.assign(state, { first, date: open });
    draw();
    if (document.activeElement === document.body) focusOn(title);
  }
  /** proceed goes on with the chosen time. */
  async function proceed() {
    if (!state.book) return use();
    if (await reading(refresh)) return;
    if (!isFree()) return pick(note("warn", TAKEN));
    if (missing().length) details();
    else confirm();
  }

  const title = el(
    "div",
    { tabindex: -1 },
    el("h1", {}, quote(state.calendar.name ?? "Free times", 60)),
    el("p", { class: "dim" }, about()),
  );
  put(
    "pick",
    notice,
    el("header", { class: "bar head" }, title, el("div", { class: "turn" }, earlier, later, larger(context))),
    week,
    days,
    el("div", { class: "bar foot" }, zones(draw), go),
  );
  draw();
  if (returns) focusOn(days.querySelector(":checked") ?? title);
}

/** use hands the chosen time to the assistant, where the view itself cannot book. */
async function use() {
  const words = `The person picked ${state.picked} on calendar ${idOf(state.calendar.id)}; nothing is booked yet.`;
  const told = await busy(() => host.tell(words));
  const next = told ? "The assistant knows this time now: ask it to go on." : "Tell the assistant this time.";
  const exact = !told && el("code", { class: "address" }, state.picked);
  const back = button("Another time", () => pick());
  put("used", headline("Nothing is booked yet"), note("", next), when(), exact, back);
}

/** places are where the meeting can be. @returns {Data[]} */
const places = () => list(state.calendar.locations).map(object);

/** spot names a place for people: "google_meet" is "Google Meet". @param {Data} place */
function spot({ label, type }) {
  const name = clean(label ?? type);
  return /^[a-z_]+$/.test(name) ? name.replaceAll("_", " ").replace(/\b[a-z]/g, (first) => first.toUpperCase()) : name;
}

/** place is the chosen one, or the only one. */
const place = () => places()[Number(state.form.place)] ?? {};

/** inputs are the fields of the form: the key in `state.form`, the label, whether it must be there, the kind and its choices. */
function inputs() {
  const { phone, questions } = state.calendar;
  const { type } = place();
  const called = type === "guest_phone";
  /** @type {{ key: string, label: string, must: boolean, kind: string, options?: [string, string][] }[]} */
  const all = [
    { key: "name", label: "Name", must: true, kind: "text" },
    { key: "email", label: "E-mail", must: true, kind: "email" },
  ];
  /** @type {[string, string][]} */
  const spots = places().map((each, at) => [String(at), spot(each)]);
  if (spots.length > 1) all.push({ key: "place", label: "Where", must: true, kind: "place", options: spots });
  if (type === "in_person_by_guest")
    all.push({ key: "address", label: "Address to come to", must: true, kind: "text" });
  if (phone || called) all.push({ key: "phone", label: "Phone", must: called || phone === "required", kind: "tel" });
  for (const question of list(questions).map(object)) {
    const { name, label, required, options } = question;
    if (typeof name !== "string") continue;
    /** @type {[string, string][]} */
    const choices = list(options).map((each) => [String(each), clean(each)]);
    const kind = String(question.type);
    all.push({ key: `? ${name}`, label: clean(label ?? name), must: !!required, kind, options: choices });
  }
  return all;
}

/** wrong says what is wrong with an answer; "" if nothing. @param {{ key: string, must: boolean, kind: string }} input */
function wrong({ key, must, kind }) {
  const value = (state.form[key] ?? "").trim();
  if (!value) return must ? "This is needed." : "";
  if (kind === "email" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value))
    return "Write an e-mail address, such as ada@example.com.";
  if (kind === "tel" && !/^\+[\d\s().-]{7,20}$/.test(value))
    return "Write it with the country’s code, such as +44 20 7946 0000.";
  return "";
}

/** missing are the inputs that stand in the way of a booking. */
const missing = () => inputs().filter((input) => wrong(input));

/**
 * details asks for the guest.
 * @param {Node | false} [notice] @param {string} [first] the key of the field to go to @param {string} [trouble] what is wrong there
 */
function details(notice = false, first = "", trouble = "") {
  /** @param {KeyboardEvent} event */
  const keydown = ({ key, target }) => {
    if (key === "Enter" && target instanceof HTMLInputElement) go();
    if (key === "Escape") pick();
  };
  const form = el("div", { class: "form", keydown });
  /** @type {Map<string, HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>} */
  const controls = new Map();
  for (const input of inputs()) {
    const { key, label, must, kind, options } = input;
    const value = state.form[key] ?? "";
    const choices = options?.map(([at, name]) => el("option", { value: at, selected: at === value }, name));
    const type = ["email", "tel"].includes(kind) ? kind : "text";
    const control = choices?.length
      ? el("select", {}, kind !== "place" && el("option"), ...choices)
      : kind === "long_text"
        ? el("textarea", { rows: 2 }, value)
        : el("input", { type, value, maxlength: 500 });
    control.ariaRequired = must ? "true" : null;
    control.addEventListener("input", () => {
      state.form[key] = control.value;
      if (kind === "place") details(false, key);
      else if (control.ariaInvalid) mark(control, wrong(input));
    });
    controls.set(key, control);
    form.append(field(must ? label : text(quote(label), dim(" (optional)")), control));
  }
  const go = () => {
    for (const input of inputs()) {
      const control = controls.get(input.key);
      if (control) mark(control, wrong(input));
    }
    const [worst] = missing();
    if (worst) controls.get(worst.key)?.focus();
    else confirm();
  };
  const back = button("Back", () => pick());
  const actions = el("div", { class: "actions" }, back, button("Continue", go, "primary"));
  put("details", headline("Who is it for?"), notice, when(), form, actions);
  const at = controls.get(first);
  if (!at) return;
  mark(at, trouble);
  requestAnimationFrame(() => at.focus());
}

/** when says the chosen time in the zone that is shown and, if that is another, in the host's. */
function when() {
  const { minutes, time_zone } = state.calendar;
  const theirs = elsewhere(state.picked, state.zone, time_zone, "host");
  return el("div", {}, span(state.picked, minutes, state.zone), theirs);
}

/** answers are the arguments of `schedule_meeting`, as the form has them. */
function answers() {
  const { name, email, phone, address } = state.form;
  const { type, value } = place();
  const asked = inputs();
  const number = asked.some(({ key }) => key === "phone") && phone?.replace(/[^+\d]/g, "");
  const location =
    { guest_phone: number, in_person_by_guest: address, virtual_static: undefined }[String(type)] ?? value;
  const custom = asked
    .filter(({ key }) => key.startsWith("? ") && state.form[key]?.trim())
    .map(({ key }) => [key.slice(2), state.form[key].trim()]);
  return {
    calendar_id: state.calendar.id,
    start_time: state.picked,
    guest_time_zone: state.zone,
    guest_name: name.trim(),
    guest_email: email.trim(),
    ...(number && { guest_phone: number }),
    ...(type && { location_type: type, ...(location && { location_value: location }) }),
    ...(custom.length && { custom_fields: Object.fromEntries(custom) }),
  };
}

/**
 * facts are what a booking is.
 * @param {any} guest @param {any} email @param {any} where words, or a link
 * @returns {[string, Node | false][]}
 */
const facts = (guest, email, where) => [
  ["What", text(quote(state.calendar.name ?? "Meeting", 60), ", ", about())],
  ["When", when()],
  ["Guest", text(quote(guest), ", ", quote(email, 120))],
  ["Where", where instanceof Node ? where : !!where && quote(where, 200)],
];

/** hostName is who holds the meeting. */
const hostName = () => (state.calendar.host ? quote(state.calendar.host, 60) : "The host");

/** confirm asks before the booking. @param {Node | false} [notice] */
function confirm(notice = false) {
  const { requests } = state.calendar;
  const { name, email } = state.form;
  const panel = ask({
    title: requests ? "Ask for this time?" : "Book this time?",
    facts: [
      ...facts(name, email, spot(place())),
      [
        "E-mail",
        text("From OnceHub to ", quote(email, 120), `, in ${city(state.zone)} time; `, hostName(), " is told, too"),
      ],
    ],
    more: button("Change details", () => details(), "quiet"),
    act: requests ? "Ask for it" : "Book",
    doing: requests ? "Asking…" : "Booking…",
    yes: book,
    no: () => pick(),
  });
  put("confirm", notice, panel);
}

/** stands tells whether this is a booking that was made. @param {any} row */
function stands(row) {
  const { id, booking_id = id, status } = object(row);
  return idOf(booking_id) === booking_id && ["scheduled", "requested", "rescheduled"].includes(status);
}

/** book books, once, and shows what came of it. Meanwhile nothing can be pressed. */
async function book() {
  const asked = answers();
  const outcome = await busy(async () => {
    const lost = await refresh();
    if (lost || !isFree()) return lost ?? failed("");
    const outcome = await host.call("schedule_meeting", asked, "changes");
    // What OnceHub refuses may be taken; what the server refuses itself says why.
    if (outcome.data.argument === "start_time" && outcome.data.type !== "invalid_argument") {
      state.asOf = "";
      await refresh();
    }
    return outcome;
  });
  const { kind, data, message } = outcome;
  if (kind === "done" && stands(data)) return booked(data);
  if (kind === "done" || kind === "unknown") return uncertain(asked, data.note ?? message);
  if (list(data.nearest).length || !isFree()) {
    state.starts = state.starts.filter((start) => start !== state.picked);
    return pick(note("warn", TAKEN));
  }
  const said = refused("Nothing was booked. ", "schedule_meeting", outcome);
  if (data.argument === "start_time") {
    state.picked = "";
    return pick(said);
  }
  const key = String(data.argument).replace("guest_", "").replace("location_value", "address");
  if (inputs().some((input) => input.key === key)) details(said, key, clean(message, 200));
  else confirm(said);
}

/** booked shows the booking, for good. @param {Data} data */
function booked(data) {
  const { status, starting_time, guest_name, guest_email, location_description, virtual_conferencing } = data;
  const waits = status === "requested";
  if (isInstant(starting_time)) state.picked = starting_time;
  const title = waits ? "Requested" : "Booked";
  const told = waits ? text(hostName(), " has to approve it first.") : "The guest and the host are told.";
  const join = link("Join", object(virtual_conferencing).join_url);
  const { name, email } = state.form;
  const where = join ?? (location_description || spot(place()));
  const shown = rows(facts(guest_name ?? name, guest_email ?? email, where));
  put(
    "booked",
    headline(title),
    note(waits ? "warn" : "good", told),
    data.note && note("", quote(data.note, 300)),
    shown,
  );
  host.tell(`schedule_meeting in the view: ${title} ${idOf(data.id ?? data.booking_id)} at ${state.picked}.`);
}

/** uncertain says that it is not known whether the booking was made, and looks when asked to; it never books again. @param {Data} asked @param {any} said */
function uncertain(asked, said) {
  const { calendar_id: calendar, guest_email: guest, start_time: starts_after } = asked;
  const answer = note("warn", "It may be booked, or not: look before you try again. ", quote(said, 200));
  const back = button("Back to the times", () => pick());
  back.hidden = true;
  const look = async () => {
    const starts_before = new Date(Date.parse(starts_after) + 60_000).toISOString();
    const like = { calendar, guest, starts_after, starts_before, limit: 5 };
    const { kind, data, message } = await busy(() => host.call("list_bookings", like));
    const found = list(data.items).find(stands);
    if (found) return booked(found);
    const none = "It is not there so far. It may still come: look again in a minute.";
    answer.replaceChildren(kind === "done" ? none : quote(message, 300));
    go.textContent = "Look again";
    back.hidden = kind !== "done";
    state.asOf = "";
  };
  const go = button("Look", look, "primary");
  put("uncertain", headline("Not known"), answer, when(), el("div", { class: "actions" }, back, go));
  host.tell(
    `schedule_meeting in the view: outcome unknown for ${starts_after} on ${idOf(calendar)}. Look, do not repeat.`,
  );
}

/**
 * zones makes a select of time zones: those that matter first, with what they are; all others, by region, once it is used.
 * @param {() => void} draw
 */
function zones(draw) {
  /** @param {string} zone @param {string} label */
  const option = (zone, label) => el("option", { value: zone, selected: zone === state.zone }, label);
  const change = () => {
    state.zone = made.value;
    if (state.picked) state.first = state.date = dateOf(state.picked, state.zone);
    draw();
  };
  const fill = () => {
    if (made.querySelector("optgroup")) return;
    /** @type {HTMLOptGroupElement | undefined} */
    let group;
    for (const zone of Intl.supportedValuesOf("timeZone")) {
      const region = zone.split("/")[0];
      if (group?.label !== region) group = made.appendChild(el("optgroup", { label: region }));
      if (!known.has(zone)) group.append(option(zone, zone.slice(region.length + 1).replaceAll("_", " ")));
    }
  };
  const made = el("select", { "aria-label": "Time zone", change, pointerdown: fill, focus: fill });
  const known = new Set();
  /** @param {any} zone @param {string} [what] */
  const know = (zone, what = "") => {
    if (isZone(zone) && !known.has(zone))
      made.append(option(zone, `${city(zone)} (${offset(Date.now(), zone)})${what}`));
    known.add(zone);
  };
  know(hereZone(), ", yours");
  know(host.args.time_zone, ", asked for");
  know(state.calendar.time_zone, ", the host's");
  know(state.zone);
  return made;
}

/** context tells the style sheet whether there is room for a column a day; on the whole screen, all times are there. */
function context() {
  const { displayMode, containerDimensions } = host.context;
  const { height, maxHeight } = object(containerDimensions);
  const whole = displayMode === "fullscreen";
  root.toggleAttribute("data-roomy", whole || (height ?? maxHeight ?? 500) >= 500);
  state.all ||= whole;
  if (whole) main.querySelector(".days")?.classList.add("all");
}

/** isKept tells whether a person is at work, or at the end of it: a host that tells the same once more takes nothing away. */
const isKept = () => main.matches(".details, .confirm, .uncertain, .booked");

start(
  {
    wait: () => isKept() || put("wait", ...skeleton),
    show(outcome) {
      const { kind, data } = outcome;
      const { id } = object(data.calendar);
      if (isKept() && (main.inert || kind !== "done" || id === state.calendar.id)) return;
      take(data);
      if (kind === "done" && id) pick();
      else nothing(this, outcome);
    },
    async load(args) {
      const shown = await host.call("show_free_slots", args);
      if (shown.kind === "done") return shown;
      const { calendar_id, start_time, time_zone } = args;
      const free = await host.call("get_booking_time_slots", { calendar_id, start_time, time_zone, limit: 500 });
      if (free.kind !== "done") return free;
      const { calendar_id: id, items, next_start_time: more_from, time_zone: zone } = free.data;
      const days = [{ starts: list(items).map((item) => item?.start_time) }];
      return { ...free, data: { calendar: { id }, time_zone: zone, days, more_from } };
    },
    context,
  },
  "Free times",
);
