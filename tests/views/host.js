// A host for tests: mounts a view in a sandboxed frame, holds every message to the official schema, and plays what it is told.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv2020 from "ajv/dist/2020.js";
import * as playwright from "playwright-core";
import { barriers, chromium } from "../chromium.js";

const require = createRequire(import.meta.url);
const schema = require("@modelcontextprotocol/ext-apps/schema.json");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// What the specification lets a view do that asks for nothing, and a trap: a string that becomes HTML throws.
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; media-src data:; " +
  "connect-src 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types host";

const ajv = new Ajv2020({ strict: false, validateFormats: false });
// The schema's text lets a host give some of the variables, and a width with a height; its generated form does neither.
const loosen = (part) => {
  if (part?.propertyNames && part.required) delete part.required;
  if (["height", "maxHeight", "width", "maxWidth"].some((side) => part?.properties?.[side]))
    delete part.additionalProperties;
  if (part && typeof part === "object") Object.values(part).forEach(loosen);
};
["McpUiInitializeResult", "McpUiHostContextChangedNotification"].forEach((name) => loosen(schema.$defs[name]));
// Each definition is a schema of its own: its references begin at itself.
const definition = (name) => ajv.compile(schema.$defs[name]);
const params = (required, properties) =>
  ajv.compile({
    type: "object",
    required: ["method", "params"],
    properties: { method: {}, params: { type: "object", required, properties, additionalProperties: false } },
  });
/** What each message must look like, in either direction. */
const MESSAGES = {
  "ui/initialize": definition("McpUiInitializeRequest"),
  "ui/notifications/initialized": definition("McpUiInitializedNotification"),
  "ui/notifications/size-changed": definition("McpUiSizeChangedNotification"),
  "ui/notifications/tool-input": definition("McpUiToolInputNotification"),
  "ui/notifications/tool-result": definition("McpUiToolResultNotification"),
  "ui/notifications/tool-cancelled": definition("McpUiToolCancelledNotification"),
  "ui/notifications/host-context-changed": definition("McpUiHostContextChangedNotification"),
  "ui/resource-teardown": definition("McpUiResourceTeardownRequest"),
  "ui/update-model-context": definition("McpUiUpdateModelContextRequest"),
  "ui/open-link": definition("McpUiOpenLinkRequest"),
  "ui/request-display-mode": definition("McpUiRequestDisplayModeRequest"),
  "tools/call": params(["name"], { name: { type: "string" }, arguments: { type: "object" } }),
  ping: () => true,
};
const RESULTS = {
  "ui/initialize": definition("McpUiInitializeResult"),
  "ui/open-link": definition("McpUiOpenLinkResult"),
  "ui/request-display-mode": definition("McpUiRequestDisplayModeResult"),
};

const fits = (check, value, what) =>
  assert.ok(check?.(value), `${what}: ${JSON.stringify([check?.errors?.slice(0, 2), value])}`);

/** some draws a few of many cases, all of them at night. */
export const some = (cases, count) => (process.env.ONCEHUB_NIGHTLY ? cases : cases.slice(0, count));

/** What a host that can do everything says of itself. */
export const ABLE = {
  serverTools: {},
  openLinks: {},
  updateModelContext: { text: {} },
  message: { text: {} },
};

/** reply wraps a structure as a tool's result; `failure` as one that failed. */
export const reply = (structuredContent, text = "a text") => ({
  content: [{ type: "text", text }],
  structuredContent,
});
export const failure = (error) => ({ ...reply({ error }, error.message), isError: true });

/** browse opens Debian's Chromium for a file of tests; `close` takes it and the server away. */
export async function browse() {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.setHeader("content-security-policy", POLICY);
    response.end(readFileSync(new URL("host.html", import.meta.url)));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  // In a process of its own, a frame is left out by the tests' clock.
  const args = [...chromium.args, "--disable-features=IsolateSandboxedIframes"];
  const browser = await playwright.chromium.launch({ ...chromium, args });
  const address = `http://127.0.0.1:${server.address().port}/`;
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { browser, address, close, host: (options) => Host.open(browser, address, options) };
}

/**
 * Host is one mounted view. Options: `html`; `can` and `context`, as the view is told; `tools`, by name, a function of the
 * arguments that returns a result, `{rpc: error}`, or null for no answer; `deaf`, how many first messages it ignores; `mute`,
 * the requests that it never answers; `now`, the time that the view sees; `width` and `height` of its frame (no height: as the view asks for).
 */
export class Host {
  static async open(browser, address, options) {
    const host = new Host();
    Object.assign(host, { can: ABLE, context: {}, tools: {}, deaf: 0, mute: [], width: 400, ...options });
    host.messages = [];
    host.requests = [];
    host.problems = [];
    // A context of its own: the clock belongs to it, and so does all that a page could leave behind.
    const context = await browser.newContext({
      viewport: { width: host.width, height: 900 },
      locale: "en-GB",
      timezoneId: "Europe/London",
      reducedMotion: "reduce",
      colorScheme: host.context.theme ?? "light",
      ...host.media,
    });
    context.setDefaultTimeout(15_000);
    host.page = await context.newPage();
    const { page } = host;
    await page.clock.install({ time: host.now ?? "2026-11-24T09:00:00Z" });
    page.on("request", (request) => request.url() === address || host.requests.push(request.url()));
    page.on("pageerror", (error) => host.problems.push(String(error)));
    page.on("console", (entry) => entry.type() === "error" && host.problems.push(entry.text()));
    await page.exposeFunction("heard", (message) =>
      host.#hear(message).catch((error) => host.closed || host.problems.push(String(error))),
    );
    await page.goto(address);
    const seen = { theme: host.context.theme ?? "light", height: host.height };
    await page.evaluate(([html, look]) => mount(html, look), [host.html, seen]);
    host.view = page.frameLocator("iframe");
    await host.until(() => host.messages.length, "the view's first message");
    await host.frame().waitForLoadState();
    return host;
  }

  /** calls are the calls of a tool so far, by their arguments. */
  calls(tool) {
    return this.messages
      .filter((m) => m.method === "tools/call" && m.params.name === tool)
      .map((m) => m.params.arguments);
  }

  /** sent are the messages of a method so far, by their parameters. */
  sent(method) {
    return this.messages.filter((message) => message.method === method).map((message) => message.params);
  }

  /** until waits for a condition on what was sent. */
  async until(condition, what = String(condition)) {
    for (const end = Date.now() + 15_000; !condition();) {
      assert.ok(
        Date.now() < end,
        `waited in vain for ${what}; ${JSON.stringify([this.messages.slice(-3), this.problems])}`,
      );
      await new Promise((next) => setTimeout(next, 10));
    }
  }

  async #hear(message) {
    const { id, method, result, error } = message;
    assert.equal(message.jsonrpc, "2.0");
    this.messages.push(message);
    if (!method) return assert.ok((result === undefined) !== (error === undefined), "a result or an error");
    fits(MESSAGES[method], { method, params: message.params }, `the view sent ${method}`);
    if (this.deaf-- > 0) return;
    if (method === "ui/notifications/initialized") return this.initialized?.();
    if (method === "ui/notifications/size-changed" && !this.height)
      return this.page.evaluate((height) => (frame.style.height = `${height}px`), message.params.height);
    if (id === undefined || this.mute.includes(method)) return;
    const answer = await this.#answer(method, message.params);
    if (!answer) return;
    if (!answer.rpc && RESULTS[method]) fits(RESULTS[method], answer, `the host answers ${method}`);
    await this.post({ id, ...(answer.rpc ? { error: answer.rpc } : { result: answer }) });
  }

  async #answer(method, asked) {
    if (method === "tools/call") {
      const tool = this.tools[asked.name];
      return tool ? await tool(asked.arguments, this) : { rpc: { code: -32602, message: `no tool ${asked.name}` } };
    }
    if (method === "ui/initialize")
      return {
        protocolVersion: "2026-01-26",
        hostInfo: { name: "tests", version: "1" },
        hostCapabilities: this.can,
        hostContext: { displayMode: "inline", ...this.context },
      };
    if (method === "ui/request-display-mode") return { mode: asked.mode };
    return {};
  }

  /** post sends a message to the view. */
  post(message) {
    return this.page.evaluate((sent) => post(sent), { jsonrpc: "2.0", ...message });
  }

  /** notify sends a notification to the view, as the schema has it. */
  notify(name, sent) {
    const method = `ui/notifications/${name}`;
    fits(MESSAGES[method], { method, params: sent }, `the host sends ${method}`);
    return this.post({ method, params: sent });
  }

  /** open sends the input and the result of the tool that opens the view. */
  async bring(args, result) {
    await this.until(() => this.sent("ui/notifications/initialized").length, "the handshake");
    await this.notify("tool-input", { arguments: args });
    if (result) await this.notify("tool-result", result);
  }

  /** pass lets time go by in the view. */
  pass(milliseconds) {
    return this.page.clock.fastForward(milliseconds);
  }

  /** button is a button of the view. */
  button(name) {
    return this.view.getByRole("button", { name, exact: true });
  }

  /** press presses a button of the view. */
  press(name) {
    return this.button(name).click();
  }

  /** yes answers a question: its button is inert for 400 ms. */
  async yes(name) {
    await this.button(name).waitFor();
    await this.pass(500);
    await this.press(name);
  }

  /** sees waits for a text in the view. */
  sees(text) {
    return this.view.getByText(text).first().waitFor();
  }

  /** field is a field of the view. */
  field(name) {
    return this.view.getByLabel(name, { exact: true });
  }

  /** told is what the model was told by the view. */
  told() {
    return this.sent("ui/update-model-context").map(({ content }) => content[0].text);
  }

  /** frame is the view's frame, to evaluate in. */
  frame() {
    return this.page.frames()[1];
  }

  /** axe finds what is hard for people with a disability, as far as a program can see it. */
  async axe() {
    // What lies behind the frame is the host's, and axe does not see it.
    const behind = await this.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await this.frame().evaluate((colour) => (document.documentElement.style.backgroundColor = colour), behind);
    // A view is a part of the host's page, which has the landmarks.
    const rules = { region: { enabled: false }, "page-has-heading-one": { enabled: false } };
    assert.deepEqual(await barriers(this.frame(), axe, rules), []);
  }

  /** close ends the page. Nothing may have gone wrong in it, and nothing have left it. */
  async close() {
    this.closed = true;
    await this.page.context().close();
    assert.deepEqual({ problems: this.problems, requests: this.requests }, { problems: [], requests: [] });
  }
}
