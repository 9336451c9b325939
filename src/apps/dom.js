// Elements, made of text alone: nothing here, or in a view, reads a string as HTML.

/**
 * el makes an element. A function among `props` listens to the event of its name, `true` is an empty attribute; what is
 * undefined or false is left out, of the children, too.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [props] @param {...(Node | string | false | null | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children) if (child) node.append(child);
  return node;
}

/** text is a run of words. @param {...(Node | string | false | null | undefined)} words */
const text = (...words) => el("span", {}, ...words);

/** dim is a run of words that matter less. @param {...(Node | string | false | null | undefined)} words */
const dim = (...words) => el("span", { class: "dim" }, ...words);

/** byId is the element of the view's own HTML. @param {string} id @returns {HTMLElement} */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * clean makes a line of any value: without what cannot be seen or turns the text around, and cut at `max` characters.
 * @param {any} value @param {number} [max]
 */
function clean(value, max = 80) {
  const text = String(value ?? "").slice(0, max * 8);
  // Joiners stay: Persian and emoji are written with them. A pile of accents is cut, as it would paint over its neighbours.
  const line = text
    .replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, " ")
    .replace(/(\p{M}{3})\p{M}+/gu, "$1");
  const marks = [...line.trim()];
  return marks.length > max ? `${marks.slice(0, max - 1).join("")}…` : marks.join("");
}

/** idOf is `value` if it is an id of OnceHub's: nothing else is told to a model. @param {any} value */
const idOf = (value) => (/^[A-Z]{2,6}-[A-Z0-9]{4,24}$/.test(value) ? String(value) : "(unknown)");

/** quote shows words of a stranger: cleaned, and apart from the direction of ours. @param {any} value @param {number} [max] */
const quote = (value, max) => el("bdi", {}, clean(value, max));

/**
 * button makes a button; `look` is "primary", "danger", "quiet" or nothing. One that is `aria-disabled` does nothing.
 * @param {string} label @param {(button: HTMLButtonElement) => void} click @param {string} [look]
 */
function button(label, click, look = "") {
  const made = el("button", { type: "button", class: look }, label);
  made.addEventListener("click", () => made.ariaDisabled === "true" || click(made));
  return made;
}

/** icon makes a button of a sign, with its name for those who do not see it. @param {string} sign @param {string} name @param {() => void} click */
function icon(sign, name, click) {
  const made = button(sign, click, "quiet icon");
  made.ariaLabel = name;
  return made;
}

/**
 * link opens an https address of OnceHub's through the host, and names where it leads; where the host opens none, the address
 * is there to be copied. Of anything else: nothing.
 * @param {string} label @param {any} url
 */
function link(label, url) {
  if (typeof url !== "string" || !URL.canParse(url)) return null;
  const { protocol, host: domain, href } = new URL(url);
  if (protocol !== "https:") return null;
  const address = el("span", { class: "address" }, clean(href, 200));
  if (!host.can.openLinks) return el("p", { class: "link" }, `${label}: `, address);
  const row = el("p", { class: "link" });
  const open = async () => (await host.open(href)) || row.replaceChildren(`${label}: `, address);
  row.append(button(label, open), dim(quote(domain, 60)));
  return row;
}

/** isSmall tells whether the host has more room to give. */
const isSmall = () =>
  host.context.displayMode !== "fullscreen" && list(host.context.availableDisplayModes).includes("fullscreen");

/** larger makes the button for the whole screen, where there is one. @param {() => void} then */
const larger = (then) => isSmall() && icon("⤢", "Full screen", () => host.display("fullscreen").then(then));

/** note makes a message of ours; `look` is "good", "warn", "bad" or nothing. The middle two are read out at once. @param {string} look @param {...(Node | string | false)} text */
const note = (look, ...text) => el("p", { class: `note ${look}`, role: /bad|warn/.test(look) && "alert" }, ...text);

/** say reads `text` out to those who listen to the page. @param {string} text */
const say = (text) => byId("status").replaceChildren(text);

/** main is where a view draws. */
const main = byId("view");

/** skeleton is what is there before anything is known. */
const skeleton = [...main.children];

/** put replaces what is shown by a stage of the view: "wait" while it loads. @param {string} stage @param {...(Node | false | null | undefined)} nodes */
function put(stage, ...nodes) {
  main.className = `stack ${stage}`;
  main.ariaBusy = stage === "wait" ? "true" : null;
  main.replaceChildren();
  for (const node of nodes) if (node) main.append(node);
}

/** busy shows that something is read, and gives the keyboard its place back. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
async function busy(work) {
  const { activeElement } = document;
  main.ariaBusy = "true";
  main.inert = true;
  const done = await work();
  main.ariaBusy = null;
  main.inert = false;
  focusOn(activeElement);
  return done;
}

/** trouble is the note of what could not be read. @param {Outcome} lost */
const trouble = ({ message }) => note("bad", quote(message || "There is nothing to show.", 300));

/** refused is the note of a change that was not made; where the server could not ask, the assistant may be able to. @param {string} what @param {string} tool @param {Outcome} outcome */
const refused = (what, tool, { data, message }) =>
  note(
    "bad",
    what,
    quote(message.replace(/\.?$/, "."), 300),
    data.type === "not_confirmed" && ` Ask the assistant to call ${tool} where it can ask you.`,
  );

/** nothing tells why there is nothing to show, and offers to try again. @param {View} view @param {Outcome} outcome */
function nothing(view, outcome) {
  const again = async () => {
    const found = await busy(() => view.load(host.args));
    // The host may have brought it meanwhile.
    if (main.matches(".lost")) view.show(found);
  };
  put("lost", trouble(outcome), host.can.serverTools && button("Try again", again));
}

/** focusOn leads the keyboard to an element, if it is there. @param {Element | null | undefined} node */
const focusOn = (node) => node instanceof HTMLElement && node.focus();

/** headline makes the heading of a stage, and leads the keyboard and the reader there. @param {string} title */
function headline(title) {
  const made = el("h2", { tabindex: -1 }, title);
  requestAnimationFrame(() => made.focus());
  return made;
}

let fields = 0;

/**
 * field puts a label above a control, and room for what is wrong with it below.
 * @param {string | Node} label @param {HTMLElement} control
 */
function field(label, control) {
  control.id ||= `field-${++fields}`;
  control.setAttribute("aria-describedby", `${control.id}-wrong`);
  return el(
    "div",
    { class: "field" },
    el("label", { for: control.id }, label),
    control,
    el("p", { id: `${control.id}-wrong`, class: "wrong" }),
  );
}

/** mark tells beside a field what is wrong with it; "" takes it back. @param {HTMLElement} control @param {string} wrong */
function mark(control, wrong) {
  control.ariaInvalid = wrong ? "true" : null;
  byId(`${control.id}-wrong`).textContent = wrong;
}

/**
 * rows makes a list of facts, each a label and what it says.
 * @param {[string, Node | string | false | null | undefined][]} facts those without a value are left out
 */
function rows(facts) {
  const list = el("dl");
  for (const [label, value] of facts) if (value) list.append(el("div", {}, el("dt", {}, label), el("dd", {}, value)));
  return list;
}

/**
 * Question is what a change asks first: a title, the facts (what, whom, when, who gets an e-mail), one more button, the act's
 * word and what it says meanwhile; `check` returns the control that still needs an answer; `yes` carries it out, `no` puts back
 * what was there.
 * @typedef {{ title: string, facts: [string, Node | string | false | null | undefined][], more?: Node, act: string, doing: string,
 *   look?: "primary" | "danger", check?(): HTMLElement | null, yes(): void, no(): void }} Question
 */

/** ask makes the panel of a question. Its button is inert for 400 ms, and works once; Escape is a no. @param {Question} question */
function ask({ title, facts, more, act, doing, look = "primary", check, yes, no }) {
  const go = button(
    act,
    () => {
      const missing = check?.();
      if (missing) return missing.focus();
      for (const each of panel.querySelectorAll("button")) each.ariaDisabled = "true";
      go.textContent = doing;
      say(doing);
      yes();
    },
    look,
  );
  const back = button("Back", no);
  go.ariaDisabled = "true";
  setTimeout(() => (go.ariaDisabled = null), 400);
  /** @param {KeyboardEvent} event */
  const keydown = (event) => event.key === "Escape" && back.click();
  const actions = el("div", { class: "actions" }, more, back, go);
  const panel = el("section", { class: "ask", keydown }, headline(title), rows(facts), actions);
  return panel;
}
