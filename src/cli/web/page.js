// A host of MCP Apps, as small as one can be: it opens a view by its tool, and carries its messages to the server and back.

const VERSION = "2026-07-28";
const MIME_TYPE = "text/html;profile=mcp-app";
const CAPABILITIES = { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: [MIME_TYPE] } } };
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; media-src data:; " +
  "require-trusted-types-for 'script'";

const NO_TOKEN = "Open the whole address that the terminal printed: what follows the # in it lets you in.";

/** What a person asks for, and what the assistant calls. */
const SHOWN = {
  slots: {
    tool: "show_free_slots",
    args: { calendar_id: "Intro call", guest_name: "Ada Okafor", guest_email: "ada.okafor@example.com" },
  },
  agenda: { tool: "show_bookings", args: { host: "me" } },
  availability: { tool: "show_availability", args: { user_id: "me" } },
};

/** Every message between a view and this page, the oldest first. */
window.messages = [];

const query = new URLSearchParams(location.search);
// Not part of what a browser sends: no log and no other page sees it.
const token = location.hash.slice(1);
const [place, read, told, trouble] = ["view", "read", "told", "trouble"].map((id) => document.getElementById(id));
const [theme, width] = ["theme", "width"].map((id) => document.getElementById(id));
/** The tools, once they are known, and the view that is open. */
let tools;
let open;
let lastId = 0;
/** How many views were asked for so far. */
let asked = 0;

/** mcp sends a request to the server; its result or its error. */
async function mcp(method, params) {
  if (!token) return { error: { code: -32000, message: NO_TOKEN } };
  const meta = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientInfo": { name: "oncehub-mcp demo --web", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": CAPABILITIES,
  };
  const headers = {
    Accept: "application/json",
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
    "MCP-Protocol-Version": VERSION,
    "Mcp-Method": method,
  };
  const name = params.name ?? params.uri;
  if (name) headers["Mcp-Name"] = name;
  const body = JSON.stringify({ jsonrpc: "2.0", id: ++lastId, method, params: { ...params, _meta: meta } });
  try {
    const response = await fetch("/mcp", { method: "POST", headers, body });
    // The terminal prints another one each time.
    if (response.status === 401) return { error: { code: -32000, message: NO_TOKEN } };
    const { result, error } = await response.json();
    return error ? { error } : { result };
  } catch {
    return { error: { code: -32000, message: "The server does not answer: is it still running?" } };
  }
}

/** tool finds a tool's definition; its error if there is none. */
async function tool(name) {
  tools ??= await mcp("tools/list", {});
  if (tools.error) {
    const { error } = tools;
    tools = undefined;
    return { error };
  }
  const found = tools.result.tools.find((tool) => tool.name === name);
  return found ?? { error: { code: -32602, message: `there is no tool ${name}` } };
}

/** post sends a message to the open view. */
function post(message) {
  if (!open) return;
  window.messages.push({ to: open.name, message });
  open.frame.contentWindow?.postMessage({ jsonrpc: "2.0", ...message }, "*");
}

/** room is what the view is told of the space that it has. */
const room = () =>
  open?.mode === "fullscreen"
    ? { width: innerWidth, height: innerHeight }
    : { width: Math.floor(place.getBoundingClientRect().width), maxHeight: 5000 };

const context = () => ({
  theme: theme.value,
  displayMode: open.mode,
  availableDisplayModes: ["inline", "fullscreen"],
  containerDimensions: room(),
  locale: query.get("locale") ?? navigator.language,
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  platform: "web",
});

/** dress applies theme, width and mode to the page, and tells the view. */
function dress() {
  document.documentElement.dataset.theme = theme.value;
  place.style.width = `${width.value}px`;
  place.classList.toggle("fullscreen", open?.mode === "fullscreen");
  if (open?.ready) post({ method: "ui/notifications/host-context-changed", params: context() });
}

/** inline gives the page its place back. */
function inline() {
  open.mode = "inline";
  dress();
}

/** What a view may ask of its host. */
const REQUESTS = {
  "ui/initialize": ({ protocolVersion }) => ({
    result: {
      protocolVersion,
      hostInfo: { name: "oncehub-mcp demo --web", version: "1" },
      hostCapabilities: { openLinks: {}, serverTools: {}, updateModelContext: { text: {} }, logging: {} },
      hostContext: context(),
    },
  }),
  ping: () => ({ result: {} }),
  "tools/call": async (params) => {
    const found = await tool(params?.name);
    if (found.error) return found;
    if (found._meta?.ui?.visibility?.includes("app") === false)
      return { error: { code: -32602, message: `${params.name} is not for views` } };
    return mcp("tools/call", { name: params.name, arguments: params.arguments ?? {} });
  },
  "ui/update-model-context": ({ content }) => {
    for (const { text } of content ?? []) say(text);
    return { result: {} };
  },
  "ui/open-link": ({ url }) => {
    // Only the person's own click leaves this machine.
    if (!/^https?:/.test(url)) return { result: { isError: true } };
    const link = Object.assign(document.createElement("a"), { href: url, rel: "noreferrer", target: "_blank" });
    link.textContent = url;
    say("The view asks to open ", link);
    // It is below the view: the person is led there.
    if (open.mode === "fullscreen") inline();
    link.focus();
    return { result: {} };
  },
  "ui/request-display-mode": ({ mode }) => {
    open.mode = mode === "fullscreen" ? mode : "inline";
    dress();
    return { result: { mode: open.mode } };
  },
};

/** say adds a line to what the assistant learns. */
function say(...words) {
  const line = document.createElement("li");
  line.append(...words);
  told.append(line);
}

/** listen answers a message of the open view. */
async function listen({ source, data: message }) {
  if (!open || source !== open.frame.contentWindow || message?.jsonrpc !== "2.0") return;
  const mine = open;
  window.messages.push({ from: mine.name, message });
  const { id, method, params } = message;
  if (method === "ui/notifications/initialized") {
    mine.ready = true;
    post({ method: "ui/notifications/tool-input", params: { arguments: mine.args } });
    const { result } = await mine.called;
    if (open === mine && result) post({ method: "ui/notifications/tool-result", params: result });
  } else if (method === "ui/notifications/size-changed") {
    if (params?.height > 0) mine.frame.style.height = `${params.height}px`;
  } else if (id !== undefined && method) {
    const answer = REQUESTS[method] ?? (() => ({ error: { code: -32601, message: `${method} is not known here` } }));
    const reply = await answer(params ?? {});
    if (open === mine) post({ id, ...reply });
  }
}

/** show has a view opened by its tool, in place of the one before. */
async function show(name) {
  const mine = ++asked;
  const { tool: called, args: usual } = SHOWN[name];
  const args = name === query.get("view") && query.has("args") ? JSON.parse(query.get("args")) : usual;
  post({ id: ++lastId, method: "ui/resource-teardown", params: {} });
  open = undefined;
  place.replaceChildren();
  told.replaceChildren();
  read.textContent = trouble.textContent = "";
  for (const button of document.querySelectorAll("[data-show]"))
    button.setAttribute("aria-pressed", String(button.dataset.show === name));
  const definition = await tool(called);
  const uri = definition._meta?.ui?.resourceUri;
  const document_ = uri ? await mcp("resources/read", { uri }) : definition;
  if (mine !== asked) return;
  if (document_.error) {
    trouble.textContent = document_.error.message;
    return;
  }
  const frame = document.createElement("iframe");
  frame.dataset.view = name;
  frame.title = definition.title;
  frame.setAttribute("sandbox", "allow-scripts");
  const guard = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  frame.srcdoc = document_.result.contents[0].text.replace("<head>", () => `<head>${guard}`);
  const result = mcp("tools/call", { name: called, arguments: args });
  open = { name, frame, args, called: result, mode: "inline", ready: false };
  dress();
  place.append(frame);
  const { result: shown, error } = await result;
  if (open?.frame !== frame) return;
  read.textContent = shown?.content?.[0]?.text ?? "";
  trouble.textContent = error?.message ?? "";
}

addEventListener("message", listen);
addEventListener("keydown", ({ key }) => {
  if (key === "Escape" && open?.mode === "fullscreen") inline();
});
// An address that differs only behind the # does not load the page again.
addEventListener("hashchange", () => location.reload());
for (const button of document.querySelectorAll("[data-show]"))
  button.addEventListener("click", () => show(button.dataset.show));
theme.value = query.get("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
if (query.has("width")) {
  const asked = String(Number.parseInt(query.get("width"), 10) || 720);
  if (![...width.options].some((option) => option.value === asked)) width.add(new Option(asked));
  width.value = asked;
}
theme.addEventListener("change", dress);
width.addEventListener("change", dress);
dress();
show(Object.hasOwn(SHOWN, query.get("view")) ? query.get("view") : "slots");
