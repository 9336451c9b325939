// Working hours: the days of a user's week, and the dates that differ. They are shown as text until somebody edits them.

/** How many dates are listed before the rest is counted. */
const FEW = 4;

/** DAYS are the days as OnceHub spells them. */
const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/**
 * Hours are a stretch of a day in the user's own time: from when to when, and where one can meet then, as OnceHub has it.
 * @typedef {{ start: string, end: string, locations?: Data[] }} Hours
 */
/**
 * Week is what there is: the hours of each day, and of each date that differs. Null, where edited: as usual again.
 * @typedef {{ days: Map<string, Hours[]>, dates: Map<string, Hours[] | null> }} Week
 */

/** What is shown: whose hours, what OnceHub said (`was`), and what they were edited to (`now`). */
const state = {
  user: "",
  name: "",
  zone: "UTC",
  may: false,
  asOf: "",
  /** how many dates are not told */
  more: 0,
  grown: false,
  was: blank(),
  now: blank(),
};

/** blank is a week without a day. @returns {Week} */
function blank() {
  return { days: new Map(), dates: new Map() };
}

/** hoursOf reads the hours of a day. @param {any} sent @returns {Hours[]} */
const hoursOf = (sent) =>
  list(sent).map((each) => {
    const { start_time, end_time, locations } = object(each);
    const places = list(locations).map(object);
    return {
      start: String(start_time ?? ""),
      end: String(end_time ?? ""),
      locations: places.map(({ type, value = null, id = null }) => ({ type, value, id })),
    };
  });

/** weekOf reads what the tools tell of working hours. @param {Data} data @returns {Week} */
function weekOf({ weekly, overrides }) {
  const week = blank();
  for (const { day: name, working_hours } of list(weekly).map(object))
    if (DAYS.includes(name)) week.days.set(name, hoursOf(working_hours));
  for (const { date, working_hours } of list(overrides).map(object))
    if (isDate(date)) week.dates.set(date, hoursOf(working_hours));
  week.dates = inOrder(week.dates);
  return week;
}

/** inOrder sorts dates. @template T @param {Map<string, T>} dates @returns {Map<string, T>} */
const inOrder = (dates) => new Map([...dates].sort(([a], [b]) => (a < b ? -1 : 1)));

/** copy is the same week, to be edited. @param {Week} week @returns {Week} */
const copy = ({ days, dates }) => structuredClone({ days, dates });

/** isDate tells whether `value` is a date in writing. @param {any} value */
const isDate = (value) => /^\d{4}-\d\d-\d\d$/.test(value) && !isNaN(Date.parse(value));

/** isTime tells whether `value` is a time of day that a field can hold. @param {string} value */
const isTime = (value) => /^([01]\d|2[0-3]):[0-5]\d$/.test(value);

/** take puts what a tool replied into the state. @param {Data} data */
function take(data) {
  const { user, user_id, user_name, time_zone, timezone, can, as_of, more_overrides } = data;
  state.user = String(object(user).id ?? user_id ?? state.user);
  state.name = clean(object(user).name ?? user_name ?? state.name, 60);
  const zone = time_zone ?? timezone;
  if (isZone(zone)) state.zone = zone;
  if (can) state.may = !!object(can).update && !!host.can.serverTools;
  state.more = Number(more_overrides) || 0;
  // What is not whole is read before it is edited.
  state.asOf = state.more ? "" : String(as_of ?? new Date().toISOString());
  state.was = weekOf(data);
  state.now = copy(state.was);
}

/** today is the date now, where the user is. */
const today = () => dateOf(Date.now(), state.zone);

/** at writes a time of day as the reader has it: "9:00", or "9:00 AM". @param {string} time */
const at = (time) => (isTime(time) ? clock(`2026-01-01T${time}Z`, "UTC") : clean(time || "?", 12));

/** said is the hours of a day in words. @param {Hours[] | null | undefined} hours */
const said = (hours) =>
  hours == null ? "as usual" : hours.map(({ start, end }) => `${at(start)}–${at(end)}`).join(", ") || "closed";

/** dateName is a date in words, with its year where that is another. @param {string} date */
const dateName = (date) =>
  day(date, {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...(date.slice(0, 4) !== today().slice(0, 4) && { year: "numeric" }),
  });

/** days groups the days that follow each other with the same hours: ["Monday to Friday", "9:00–17:00"]. @returns {[string, string][]} */
function days() {
  /** @type {{ from: string, to: string, said: string }[]} */
  const groups = [];
  for (const name of DAYS) {
    const hours = state.was.days.get(name);
    const words = hours ? said(hours) : "not told";
    const last = groups[groups.length - 1];
    if (last?.said === words) last.to = name;
    else groups.push({ from: name, to: name, said: words });
  }
  return groups.map(({ from, to, said }) => [from === to ? from : `${from} to ${to}`, said]);
}

/** look shows the hours as text. @param {Node | false} [notice] */
function look(notice = false) {
  const returns = !main.matches(".wait, .lost");
  const coming = [...state.was.dates].filter(([date]) => date >= today());
  const rest = Math.max(0, coming.length - FEW) + state.more;
  /** @type {[string, string][]} */
  const dates = coming.slice(0, FEW).map(([date, hours]) => [dateName(date), said(hours)]);
  const title = el(
    "div",
    { tabindex: -1 },
    el("h1", {}, state.name ? text("Working hours of ", quote(state.name)) : "Working hours"),
    el("p", { class: "dim" }, "Times in ", quote(city(state.zone)), ", apart from meetings"),
  );
  put(
    "hours",
    el("header", { class: "bar" }, title, state.may && button("Edit", begin)),
    notice,
    rows(days()),
    coming.length + rest > 0 && el("h2", {}, "Dates that differ"),
    coming.length > 0 && rows(dates),
    rest > 0 && dim(`and ${rest} more`),
  );
  if (returns) title.focus();
}

/** leave goes back to the text, and to the room that there was before the fields. @param {Node | false} [notice] */
function leave(notice = false) {
  if (state.grown) host.display("inline");
  state.grown = false;
  state.now = copy(state.was);
  look(notice);
}

/** begin opens the fields, with more room where the host has it; what is older than two minutes is read again first. */
async function begin() {
  if (isStale(state.asOf)) {
    const lost = await busy(reread);
    if (lost) return look(trouble(lost));
  }
  state.now = copy(state.was);
  state.grown = isSmall();
  if (state.grown) host.display("fullscreen");
  edit();
}

/** reread reads the hours again; an outcome that failed, else null. */
async function reread() {
  const outcome = await host.call("get_scheduling_availability", { user_id: state.user });
  if (outcome.kind !== "done") return outcome;
  take(outcome.data);
  return null;
}

/** edit shows the week and its dates as fields. @param {Node | false} [notice] */
function edit(notice = false) {
  const week = el("div", {}, ...DAYS.filter((name) => state.was.days.has(name)).map(dayFields));
  const dates = el(
    "div",
    {},
    ...[...state.now.dates].filter(([date]) => date >= today()).map(([date]) => dateFields(date)),
  );
  const review = () => {
    const worst = wrongs();
    if (worst) return worst.focus();
    const found = changes();
    if (found.length) return confirm();
    edit(note("", "Nothing is changed so far."));
    say("Nothing is changed so far.");
  };
  const back = button("Back", () => (changes().length ? drop() : leave()));
  put(
    "edit",
    headline(`Edit the hours${state.name ? ` of ${state.name}` : ""}`),
    el("p", { class: "dim" }, "Times in ", quote(city(state.zone))),
    notice,
    week,
    el("h2", {}, "Dates that differ"),
    dates,
    adding(),
    el("div", { class: "actions" }, back, button("Review", review, "primary")),
  );
}

/** drop asks whether what was edited may be forgotten. */
function drop() {
  const again = () => edit();
  put(
    "hours",
    ask({ title: "Leave without saving?", facts: differences(), act: "Leave", doing: "", yes: leave, no: again }),
  );
}

/** redraw puts a day's fields in the place of what they were, and leads the keyboard on. @param {HTMLElement} old @param {HTMLElement} made @param {string} to */
function redraw(old, made, to) {
  old.replaceWith(made);
  focusOn(made.querySelector(to) ?? made.querySelector("button"));
}

/** dayFields are the fields of a day of the week. @param {string} name @returns {HTMLElement} */
function dayFields(name) {
  const hours = state.now.days.get(name) ?? [];
  /** @param {Hours[]} now @param {string} to */
  const set = (now, to) => {
    state.now.days.set(name, now);
    redraw(made, dayFields(name), to);
  };
  const spread = () => {
    const others = DAYS.slice(0, 5).filter((each) => state.was.days.has(each));
    // Where one can meet on a day is not shown: it stays.
    for (const each of others) {
      const usual = state.was.days.get(each)?.find(({ locations }) => locations?.length);
      state.now.days.set(
        each,
        hours.map((one) => ({ ...one, locations: (each !== name && usual?.locations) || one.locations })),
      );
    }
    const top = made.parentElement;
    top?.replaceChildren(...DAYS.filter((each) => state.was.days.has(each)).map(dayFields));
    say(`${said(hours)} on each weekday`);
    focusOn(top?.querySelector(`[data-day="${name}"] .copy`));
  };
  const copying = hours.length > 0 && button("Copy to weekdays", spread, "quiet copy");
  const made = fieldset(name, hours, set, copying);
  made.dataset.day = name;
  return made;
}

/** dateFields are the fields of a date that differs. @param {string} date @returns {HTMLElement} */
function dateFields(date) {
  const hours = state.now.dates.get(date);
  /** @param {Hours[] | null} now @param {string} to */
  const set = (now, to) => {
    if (now === null && !state.was.dates.has(date)) state.now.dates.delete(date);
    else state.now.dates.set(date, now);
    if (state.now.dates.has(date)) return redraw(made, dateFields(date), to);
    made.remove();
    byId("new-date").focus();
  };
  const usual = hours ? button("As usual", () => set(null, "button"), "quiet") : null;
  const keep = button("Undo", () => set(state.was.dates.get(date) ?? [], "button"), "quiet");
  const made = hours
    ? fieldset(dateName(date), hours, set, usual)
    : el(
        "fieldset",
        {},
        el("legend", {}, dateName(date)),
        el("p", {}, "As usual again"),
        el("div", { class: "tools" }, keep),
      );
  return made;
}

/**
 * fieldset makes the fields of a day or a date; `set` takes its new hours, and where the keyboard goes.
 * @param {string} name @param {Hours[]} hours @param {(now: Hours[], to: string) => void} set @param {Node | false | null} more
 * @returns {HTMLElement}
 */
function fieldset(name, hours, set, more) {
  const add = () => {
    const last = hours[hours.length - 1];
    const next = last ? { start: last.end, end: "", locations: last.locations } : { start: "09:00", end: "17:00" };
    set([...hours, { ...next, locations: next.locations ?? places() }], ".interval:last-of-type input");
  };
  const tools = el("div", { class: "tools" }, button("Add hours", add, "quiet"), more);
  const closed = hours.length ? null : el("p", { class: "dim" }, "Closed");
  /** @param {Hours} one @param {number} place */
  const line = (one, place) => {
    const part = hours.length > 1 ? ` ${place + 1}` : "";
    /** @param {"start" | "end"} key @param {string} label */
    const time = (key, label) => {
      const control = el("input", {
        type: "time",
        step: 900,
        value: one[key],
        "aria-label": `${name}, ${label}${part}`,
        "aria-describedby": wrong.id,
        change: () => {
          one[key] = control.value;
          if (made.querySelector("[aria-invalid]")) wrongs();
        },
      });
      return control;
    };
    const wrong = el("p", { id: `wrong-${++fields}`, class: "wrong" });
    const remove = icon("×", `Remove ${name}, ${at(one.start)} to ${at(one.end)}`, () =>
      set(
        hours.filter((each) => each !== one),
        ".tools button",
      ),
    );
    const fixed = !isTime(one.start) || (one.end !== "" && !isTime(one.end));
    const shown = fixed
      ? [text(at(one.start)), text("–"), text(at(one.end))]
      : [time("start", "from"), text("–"), time("end", "to")];
    const made = el("div", { class: "interval" }, ...shown, remove, wrong);
    checks.set(made, one);
    return made;
  };
  const made = el("fieldset", {}, el("legend", {}, name), closed, ...hours.map(line), tools);
  groups.set(made, hours);
  return made;
}

/** checks are the hours that a line of fields stands for; groups, those of a day. @type {WeakMap<Element, Hours>} */
const checks = new WeakMap();
/** @type {WeakMap<Element, Hours[]>} */
const groups = new WeakMap();

/** places is where the user meets on most days: for a day that had no hours. @returns {Data[] | undefined} */
const places = () => [...state.was.days.values()].flat().find(({ locations }) => locations?.length)?.locations;

/** wrongs marks what is wrong with the fields, and returns the first of them. @returns {HTMLElement | null} */
function wrongs() {
  /** @type {HTMLElement | null} */
  let first = null;
  // What nobody has edited is OnceHub's, and stays as it is.
  const edited = changes().map(({ now }) => now);
  for (const set of main.querySelectorAll("fieldset")) {
    const all = groups.get(set) ?? [];
    for (const line of set.querySelectorAll(".interval")) {
      const one = checks.get(line);
      const inputs = [...line.querySelectorAll("input")];
      if (!one || !inputs.length) continue;
      const wrong = edited.includes(all) ? wrongWith(one, all) : "";
      for (const input of inputs) input.ariaInvalid = wrong ? "true" : null;
      const told = line.querySelector(".wrong");
      if (told) told.textContent = wrong;
      if (wrong) first ??= inputs[one.start ? 1 : 0];
    }
  }
  return first;
}

/** wrongWith says what is wrong with a stretch among those of its day; "" if nothing. @param {Hours} one @param {Hours[]} all */
function wrongWith(one, all) {
  const { start, end } = one;
  if (!start || !end) return "Give both times, or remove the line.";
  if (end <= start) return "It ends before it begins. Past midnight, add the rest to the next day.";
  if ([start, end].some((time) => isTime(time) && Number(time.slice(3)) % 15))
    return "OnceHub takes quarter hours: 9:00, 9:15, 9:30.";
  const over = all.find((each) => each !== one && each.start < end && start < each.end);
  return over ? `It overlaps ${at(over.start)}–${at(over.end)}.` : "";
}

/** adding asks for a date, or several, that will differ. */
function adding() {
  const from = el("input", { type: "date", id: "new-date", min: today() });
  const to = el("input", { type: "date", min: today() });
  /** @param {Hours[]} hours */
  const add = (hours) => {
    const last = to.value || from.value;
    const wrong =
      !isDate(from.value) || from.value < today()
        ? "Give a date, from today on."
        : last < from.value
          ? "It ends before it begins."
          : addDays(from.value, 60) < last
            ? "Give at most 60 days."
            : "";
    mark(from, wrong);
    if (wrong) return from.focus();
    for (let date = from.value; date <= last; date = addDays(date, 1))
      state.now.dates.set(
        date,
        hours.map((one) => ({ ...one, locations: places() })),
      );
    state.now.dates = inOrder(state.now.dates);
    const added = from.value;
    edit();
    say(`${dateName(added)}: ${said(hours)}`);
    byId("new-date").focus();
  };
  const off = button("Day off", () => add([]));
  const other = button("Other hours", () => add([{ start: "09:00", end: "17:00" }]));
  return el("div", { class: "new" }, field("A date", from), field(text("until", dim(" (optional)")), to), off, other);
}

/** isSame tells whether two days have the same hours. @param {Hours[] | null | undefined} a @param {Hours[] | null | undefined} b */
const isSame = (a, b) =>
  JSON.stringify(a?.map(({ start, end }) => [start, end]) ?? null) ===
  JSON.stringify(b?.map(({ start, end }) => [start, end]) ?? null);

/** isEqual tells whether two days have the same hours, at the same places. @param {any} a @param {any} b */
const isEqual = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** known is what is known of a day, or of a date. @param {string} key */
const known = (key) => (isDate(key) ? state.was.dates : state.was.days).get(key);

/** areThere tells whether the hours are now as they were edited. @param {ReturnType<typeof changes>} edited */
const areThere = (edited) => edited.every(({ key, now }) => isSame(now, known(key)));

/** changes are the days and dates that were edited: the name, what was, and what will be. */
function changes() {
  const week = DAYS.filter((name) => !isSame(state.was.days.get(name), state.now.days.get(name)));
  const dates = [...state.now.dates.keys()].filter(
    (date) => !isSame(state.was.dates.get(date), state.now.dates.get(date)),
  );
  return [
    ...week.map((name) => ({ key: name, name, was: state.was.days.get(name), now: state.now.days.get(name) ?? null })),
    ...dates.map((date) => ({
      key: date,
      name: dateName(date),
      was: state.was.dates.get(date),
      now: state.now.dates.get(date) ?? null,
    })),
  ];
}

/** sent is a day's hours as the tool takes them: each with the places that it has. @param {Hours[]} hours */
const sent = (hours) =>
  [...hours]
    .sort((a, b) => (a.start < b.start ? -1 : 1))
    .map(({ start, end, locations }) => {
      // Only two kinds have something of their own to be sent, and each kind is sent once.
      const kinds = new Map();
      for (const { type, value, id } of list(locations)) {
        const own = { online_static_link: { value }, in_person_by_host: { id } }[String(type)];
        if (!kinds.has(type)) kinds.set(type, { type, ...own });
      }
      return { start_time: start, end_time: end, ...(kinds.size && { locations: [...kinds.values()] }) };
    });

/** asked is what `update_scheduling_availability` is asked. @returns {Data} */
function asked() {
  const found = changes();
  const weekly = found
    .filter(({ key }) => !isDate(key))
    .map(({ key, now }) => ({ day: key, working_hours: sent(now ?? []) }));
  const overrides = found
    .filter(({ key }) => isDate(key))
    .map(({ key, now }) => (now ? { date: key, working_hours: sent(now) } : { date: key, remove: true }));
  return { user_id: state.user, ...(weekly.length && { weekly }), ...(overrides.length && { overrides }) };
}

/** differences are the changes in words. @returns {[string, string][]} */
const differences = () => changes().map(({ name, was, now }) => [name, `${said(was)} → ${said(now)}`]);

/** confirm shows the difference in words, and asks. */
function confirm() {
  put(
    "hours",
    ask({
      title: "Save these hours?",
      facts: [...differences(), ["Bookings", "Stay as they are; those outside the new hours are named then"]],
      act: "Save",
      doing: "Saving…",
      yes: save,
      no: () => edit(),
    }),
  );
}

/** keep puts edited days on what is known now: what others changed on other days stays. @param {ReturnType<typeof changes>} edited */
function keep(edited) {
  state.now = copy(state.was);
  for (const { key, now } of edited)
    if (isDate(key)) state.now.dates.set(key, now);
    else state.now.days.set(key, now ?? []);
  state.now.dates = inOrder(state.now.dates);
}

/** save reads once more, stops if somebody else has changed the same days, and saves. */
async function save() {
  const edited = changes();
  const lost = await reread();
  if (lost) return edit(refused("Nothing was saved. ", "", lost));
  const moved = edited.filter(({ key, was }) => !isEqual(was, known(key)));
  keep(edited.filter((each) => !moved.includes(each)));
  if (moved.length) {
    const names = moved.map(({ name }) => name).join(", ");
    return edit(note("warn", `Somebody changed ${names} meanwhile: nothing was saved. Those are the hours now.`));
  }
  const outcome = await host.call("update_scheduling_availability", asked(), "changes");
  if (isDone(outcome, edited)) return saved(outcome.data);
  if (["done", "unknown"].includes(outcome.kind)) return uncertain(edited);
  edit(refused("Nothing was saved. ", "update_scheduling_availability", outcome));
}

/** isDone takes what a change replied into the state, and tells whether it shows the change. @param {Outcome} outcome @param {ReturnType<typeof changes>} edited */
function isDone({ kind, data }, edited) {
  if (kind !== "done" || !Array.isArray(data.weekly)) return false;
  take({ ...data, as_of: undefined });
  return areThere(edited);
}

/** saved shows the new hours, the bookings that lie outside now, and the way back. @param {Data} data @param {string} [word] */
function saved(data, word = "Saved.") {
  const outside = list(data.outside_working_hours).map(object);
  const meetings = outside
    .slice(0, 10)
    .map(({ starting_time, guest }) =>
      el("li", {}, isInstant(starting_time) && span(starting_time, 0, state.zone), " ", quote(guest)),
    );
  const many = outside.length > 10 ? ` The first 10 of ${outside.length}:` : "";
  const stand =
    outside.length > 0 &&
    el(
      "div",
      { class: "note warn outside" },
      `These bookings lie outside now, and stand.${many}`,
      el("ul", {}, ...meetings),
    );
  const undo = data.undo && word === "Saved." && button("Undo…", () => restore(object(data.undo)));
  leave(el("div", { class: "stack" }, note("good", word), stand, undo));
  say(word);
  host.tell(
    `update_scheduling_availability in the view: ${word} User ${idOf(state.user)}; ${outside.length} bookings outside.`,
  );
}

/** restore asks whether to put back what was, unless somebody has changed it since. @param {Data} args */
function restore(args) {
  const back = weekOf(args);
  const edited = [...back.days, ...back.dates].map(([key, now]) => {
    const name = isDate(key) ? dateName(key) : key;
    return { key, name, was: known(key), now: /** @type {Hours[] | null} */ (now) };
  });
  for (const { date, remove } of list(args.overrides).map(object))
    if (remove && isDate(date)) edited.push({ key: date, name: dateName(date), was: known(date), now: null });
  const yes = async () => {
    const lost = await reread();
    if (lost) return look(refused("Nothing was restored. ", "", lost));
    if (!edited.every(({ key, was }) => isEqual(was, known(key))))
      return look(note("warn", "Somebody changed them meanwhile: nothing was restored. These are the hours now."));
    const outcome = await host.call("update_scheduling_availability", args, "changes");
    if (isDone(outcome, edited)) return saved(outcome.data, "Restored.");
    if (["done", "unknown"].includes(outcome.kind)) return uncertain(edited);
    look(refused("Nothing was restored. ", "update_scheduling_availability", outcome));
  };
  put(
    "hours",
    ask({
      title: "Put back the hours that were?",
      facts: edited.map(({ name, was, now }) => [name, `${said(was)} → ${said(now)}`]),
      act: "Restore",
      doing: "Restoring…",
      yes,
      no: () => look(),
    }),
  );
}

/** uncertain says that it is not known whether the hours were saved, and looks when asked to; it never saves again. @param {ReturnType<typeof changes>} edited */
function uncertain(edited) {
  const since = new Date().toISOString();
  const answer = note("warn", "The answer was lost: the hours may be saved, or not. Look before you try again.");
  const find = async () => {
    const over = isStale(since);
    const lost = await busy(reread);
    if (!lost && areThere(edited)) return leave(note("good", "They are saved."));
    if (!lost && over) {
      keep(edited);
      return edit(note("warn", "They were not saved."));
    }
    answer.replaceChildren(
      lost
        ? quote(lost.message, 300)
        : "They are not saved so far. OnceHub may still be working on it: look again in two minutes.",
    );
    go.textContent = "Look again";
  };
  const go = button("Look", find, "primary");
  put("uncertain", headline("Not known"), answer, el("div", { class: "actions" }, go));
  host.tell(
    `update_scheduling_availability in the view: outcome unknown for user ${idOf(state.user)}. Look, do not repeat.`,
  );
}

/** isKept tells whether a person is at work: nothing that the host says takes that away. */
const isKept = () => main.matches(".edit, .uncertain") || !!main.querySelector(".ask");

start(
  {
    wait: () => isKept() || put("wait", ...skeleton),
    show(outcome) {
      const { kind, data } = outcome;
      if (isKept()) return;
      if (kind !== "done" || !(data.weekly || data.overrides)) return nothing(this, outcome);
      take(data);
      look();
    },
    async load({ user_id }) {
      const shown = await host.call("show_availability", { user_id });
      return shown.kind === "done" ? shown : host.call("get_scheduling_availability", { user_id });
    },
    context: () => main.matches(".hours") && !main.querySelector(".ask, .note") && look(),
  },
  "Working hours",
);
