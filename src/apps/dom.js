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
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) if (child) node.append(child);
  return node;
}

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
  const where = el("span", { class: "dim" }, quote(domain, 60));
  const row = el("p", { class: "link" });
  row.append(
    button(label, async () => (await host.open(href)) || row.replaceChildren(`${label}: `, address)),
    where,
  );
  return row;
}

/** note makes a message of ours; `look` is "good", "bad" or nothing. What is bad is read out at once. @param {string} look @param {...(Node | string)} text */
const note = (look, ...text) => el("p", { class: `note ${look}`, role: look === "bad" && "alert" }, ...text);

/** say reads `text` out to those who listen to the page. @param {string} text */
const say = (text) => byId("status").replaceChildren(text);

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
 * Question is what a change asks first: a title, the facts (what, whom, when, who gets an e-mail), more controls, the button's
 * word and what it says meanwhile; `yes` carries it out, `no` puts back what was there.
 * @typedef {{ title: string, facts: [string, Node | string | false | null | undefined][], more?: Node, act: string, doing: string,
 *   look?: "primary" | "danger", yes(): void, no(): void }} Question
 */

/** ask makes the panel of a question. Its button is inert for 400 ms, and works once; Escape is a no. @param {Question} question */
function ask({ title, facts, more, act, doing, look = "primary", yes, no }) {
  const heading = el("h2", { tabindex: -1 }, title);
  const go = button(
    act,
    () => {
      for (const each of [go, back]) each.ariaDisabled = "true";
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
  const panel = el(
    "section",
    { class: "ask", keydown },
    heading,
    rows(facts),
    more,
    el("div", { class: "actions" }, back, go),
  );
  requestAnimationFrame(() => heading.focus());
  return panel;
}
