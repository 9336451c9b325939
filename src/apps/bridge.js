// The bridge speaks MCP Apps (2026-01-26) with the host: JSON-RPC 2.0, by postMessage to the parent window.

/** @typedef {import("@modelcontextprotocol/ext-apps").McpUiHostContext} HostContext */
/** @typedef {import("@modelcontextprotocol/ext-apps").McpUiHostCapabilities} HostCapabilities */
/** @typedef {Record<string, any>} Data an object out of JSON: any value in it may be odd, or missing */
/**
 * Outcome is what a call came to: `done`; `declined`, nobody said yes; `failed`, and nothing was changed; `unknown`, a change
 * that may have happened: look, never repeat. `data` is the reply, or the failure with its `type`, `hint` and the like.
 * @typedef {{ kind: "done" | "declined" | "failed" | "unknown", data: Data, message: string }} Outcome
 */
/**
 * View is what a view does when the host speaks. `wait` draws the skeleton; `show` draws what the tool replied; `load` reads
 * the same by other tools, for when the host does not bring it; `context` redraws what hangs on locale, zone or room.
 * @typedef {{ wait(): void, show(outcome: Outcome): void, load(args: Data): Promise<Outcome>, context(): void }} View
 */

/** @type {Map<number, (reply: Data) => void>} */
const pending = new Map();
const root = document.documentElement;
const fonts = document.head.appendChild(document.createElement("style"));
let lastId = 0;
/** @type {Promise<any>} */
let turn = Promise.resolve();

/** object is `value` if it is an object, else an empty one. @param {any} value @returns {Data} */
const object = (value) => (value && typeof value === "object" ? value : {});

/** list is `value` if it is a list, else an empty one. @param {any} value @returns {any[]} */
const list = (value) => (Array.isArray(value) ? value : []);

/** failed is an outcome without any change, unless `kind` says otherwise. @param {string} message @param {Outcome["kind"]} [kind] @returns {Outcome} */
const failed = (message, kind = "failed") => ({ kind, data: {}, message });

/** send posts a message to the host. @param {Data} message */
const send = (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");

/**
 * request asks the host, and resolves with `{result}` or `{error}`; never rejects.
 * @param {string} method @param {Data} params @param {number} [ms] @returns {Promise<Data>}
 */
function request(method, params, ms = 5_000) {
  return new Promise((resolve) => {
    const id = ++lastId;
    /** @param {Data} reply */
    const end = (reply) => {
      clearTimeout(timer);
      pending.delete(id);
      resolve(reply);
    };
    const timer = setTimeout(() => end({ error: { message: "The chat did not answer in time." } }), ms);
    pending.set(id, end);
    send({ id, method, params });
  });
}

/** outcomeOf reads a reply to `tools/call`. @param {Data} reply @param {boolean} changes @returns {Outcome} */
function outcomeOf({ result, error }, changes) {
  // These codes say that the call never reached the tool; after any other, a change may have happened.
  const refused = [-32600, -32601, -32602].includes(error?.code);
  if (error) return failed(String(error.message), changes && !refused ? "unknown" : "failed");
  const data = object(result?.structuredContent);
  const text = String([result?.content].flat().find((block) => block?.type === "text")?.text ?? "");
  if (result?.resultType === "input_required")
    return failed("The server wants a yes first, and this chat cannot ask here.", "declined");
  if (data.confirmed === false) return failed(String(data.note ?? text), "declined");
  if (data.dry_run) return failed(`A dry run: nothing was sent. ${data.would ?? ""}`, "declined");
  if (!result?.isError) return { kind: "done", data, message: text };
  const failure = object(data.error);
  const kind = failure.type === "not_confirmed" ? "declined" : "failed";
  const lost = changes && kind === "failed" && failure.outcome !== "not_done";
  return { kind: lost ? "unknown" : kind, data: failure, message: String(failure.message ?? text) };
}

/** host is what the host told of itself, and what can be asked of it. */
const host = {
  /** @type {HostContext} */
  context: {},
  /** @type {HostCapabilities} */
  can: {},
  /** @type {Data} the arguments of the tool that opened the view */
  args: {},

  /**
   * call calls a tool of the server, one at a time. What changes something is given 120 s, then its outcome is `unknown`.
   * @param {string} tool @param {Data} args @param {"reads" | "changes"} [how] @returns {Promise<Outcome>}
   */
  call(tool, args, how = "reads") {
    const changes = how === "changes";
    const mine = turn.then(() => request("tools/call", { name: tool, arguments: args }, changes ? 120_000 : 30_000));
    turn = mine;
    return mine.then((reply) => outcomeOf(reply, changes));
  },

  /** tell puts `text` where the model reads it with the next message; false if it cannot. @param {string} text */
  async tell(text) {
    if (!host.can.updateModelContext) return false;
    const { error } = await request("ui/update-model-context", { content: [{ type: "text", text }] });
    return !error;
  },

  /** open opens an https address outside of the view; false if it cannot. @param {string} url */
  async open(url) {
    const { result } = await request("ui/open-link", { url });
    return !!result && !result.isError;
  },

  /** display asks for more or less room. @param {"inline" | "fullscreen"} mode */
  async display(mode) {
    const { result } = await request("ui/request-display-mode", { mode });
    if (result?.mode) host.context.displayMode = result.mode;
  },
};

/** dress takes a part of the host's context over, and its theme, variables, fonts and insets. @param {Data} part */
function dress(part) {
  Object.assign(host.context, part);
  const { theme, styles, safeAreaInsets, displayMode = "inline" } = host.context;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = root.style.colorScheme = theme ?? (dark ? "dark" : "light");
  root.dataset.mode = displayMode;
  for (const [key, value] of Object.entries(object(styles?.variables)))
    if (key.startsWith("--")) root.style.setProperty(key, String(value ?? ""));
  for (const [side, px] of Object.entries(object(safeAreaInsets))) root.style.setProperty(`--inset-${side}`, `${px}px`);
  fonts.textContent = styles?.css?.fonts ?? "";
}

/** start shakes hands with the host, and lets `view` draw what it says. @param {View} view @param {string} title */
function start(view, title) {
  /** @type {Data[]} what came before the host's greeting */
  const early = [];
  /** @type {ReturnType<typeof setTimeout>[]} */
  const timers = [];
  let [ready, shown, tries, round, height, last] = [false, false, 0, 0, 0, ""];

  const calm = () => timers.splice(0).forEach(clearTimeout);
  /** @param {() => void} what @param {number} ms */
  const later = (what, ms) => timers.push(setTimeout(what, ms));
  const silent = () => view.show(failed("The chat brought nothing to show. Ask again."));
  /** @param {Outcome} outcome */
  const draw = (outcome) => {
    shown = true;
    calm();
    view.show(outcome);
  };

  /** @param {Data} message */
  const hear = ({ method, params }) => {
    if (method === "ui/notifications/host-context-changed") {
      dress(object(params));
      view.context();
    } else if (method === "ui/notifications/tool-input") {
      const args = object(params?.arguments);
      // What is said once more, or only after its result, takes nothing away.
      const repeats = shown && (!round || JSON.stringify(args) === JSON.stringify(host.args));
      const mine = ++round;
      host.args = args;
      shown = false;
      if (repeats) return;
      const instead = async () => {
        const outcome = await view.load(args);
        if (mine === round && !shown) draw(outcome);
      };
      last = "";
      calm();
      later(silent, 60_000);
      if (host.can.serverTools) later(instead, 4_000);
      view.wait();
    } else if (method === "ui/notifications/tool-result" && !shown) {
      shown = JSON.stringify(params) === last;
      last = JSON.stringify(params);
      if (!shown) draw(outcomeOf({ result: params }, false));
    } else if (method === "ui/notifications/tool-cancelled" && !shown) draw(failed("This was stopped.", "declined"));
  };

  const report = () => {
    const now = Math.ceil(root.getBoundingClientRect().height);
    if (!ready || !now || now === height || "height" in object(host.context.containerDimensions)) return;
    height = now;
    send({ method: "ui/notifications/size-changed", params: { height } });
  };
  const sizes = new ResizeObserver(report);

  /** @param {Data} reply */
  const welcome = ({ result }) => {
    if (ready || !result) return;
    ready = true;
    host.can = object(result.hostCapabilities);
    dress(object(result.hostContext));
    send({ method: "ui/notifications/initialized", params: {} });
    view.context();
    report();
    early.forEach(hear);
  };
  const greet = () => {
    if (ready || tries++ === 5) return;
    const appInfo = { name: "oncehub", title, version: "1" };
    const appCapabilities = { availableDisplayModes: ["inline", "fullscreen"] };
    request("ui/initialize", { protocolVersion: "2026-01-26", appInfo, appCapabilities }, 60_000).then(welcome);
    setTimeout(greet, 1_000);
  };

  addEventListener("message", ({ source, data: message }) => {
    if (source !== window.parent || message?.jsonrpc !== "2.0") return;
    const { id, method } = message;
    if (method === undefined) pending.get(id)?.(message);
    else if (id === undefined) ready ? hear(message) : early.push(message);
    else if (method === "ping") send({ id, result: {} });
    else if (method === "ui/resource-teardown") {
      calm();
      sizes.disconnect();
      send({ id, result: {} });
    } else send({ id, error: { code: -32601, message: `no ${method} here` } });
  });
  dress({});
  sizes.observe(root);
  later(silent, 60_000);
  greet();
}
