// The bridge alone, under a view that shows what it is told.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ABLE, browse, failure, reply } from "./host.js";
import { join } from "./join.js";

const html = join({
  title: "probe",
  css: "",
  html: `<p id="status" role="status"></p><main id="view"></main>`,
  js: `
    const print = (text) => document.querySelector("main").append(el("p", {}, text));
    start({
      wait: () => print("wait " + JSON.stringify(host.args)),
      show: ({ kind, data, message }) => print([kind, JSON.stringify(data), message].join(" | ")),
      load: (args) => host.call("read", args),
      context: () => print("context " + host.context.locale),
    }, "Probe");
    addEventListener("click", async () => {
      const { kind, message } = await host.call("change", { a: 1 }, "changes");
      print("came to " + kind + " | " + message);
    });
  `,
});
let tab;
before(async () => (tab = await browse()));
after(() => tab.close());

async function open(options) {
  const host = await tab.host({ html, ...options });
  host.lines = () => host.view.locator("main p").allTextContents();
  return host;
}

test("the handshake, the input, the result", async () => {
  const host = await open({
    context: { locale: "en-US", theme: "dark", styles: { variables: { "--color-text-primary": "#123456" } } },
  });
  await host.bring({ calendar_id: "x" }, reply({ a: 1 }, "one"));
  await host.sees(`done | {"a":1} | one`);
  assert.deepEqual(await host.lines(), ["context en-US", `wait {"calendar_id":"x"}`, `done | {"a":1} | one`]);
  const style = await host.frame().evaluate(() => {
    const root = document.documentElement;
    return [root.dataset.theme, root.style.colorScheme, getComputedStyle(document.body).color];
  });
  assert.deepEqual(style, ["dark", "dark", "rgb(18, 52, 86)"]);
  await host.until(() => host.sent("ui/notifications/size-changed").length);
  assert.equal(host.sent("ui/initialize").length, 1);
  await host.close();
});

test("a host that misses the first message, or speaks before its greeting", async () => {
  const host = await open({ deaf: 1 });
  await host.post({ method: "ui/notifications/tool-result", params: reply({ early: true }) });
  await host.pass(1_100);
  await host.sees(`done | {"early":true} | a text`);
  assert.deepEqual((await host.lines())[0], "context undefined");
  await host.close();
});

test("a host that never answers is told of after a minute, and greeted five times", async () => {
  const host = await open({ deaf: 1_000 });
  for (const ms of [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 60_000]) await host.pass(ms);
  await host.sees("failed | {} | The chat brought nothing to show. Ask again.");
  assert.equal(host.sent("ui/initialize").length, 5);
  await host.close();
});

test("without a result the view reads for itself, and a result in time comes first", async () => {
  const host = await open({ tools: { read: (args) => reply({ read: args }) } });
  await host.bring({ q: 1 });
  await host.sees("wait");
  await host.pass(4_100);
  await host.sees(`done | {"read":{"q":1}} | a text`);
  await host.notify("tool-result", reply({ late: true }));
  await host.notify("tool-input", { arguments: { q: 2 } });
  await host.notify("tool-result", reply({ second: true }));
  await host.sees(`done | {"second":true}`);
  await host.pass(30_000);
  assert.equal(host.calls("read").length, 1);
  assert.ok(!(await host.lines()).some((line) => line.includes("late")));
  await host.close();
});

test("what is said once more is shown once, and a new result of the same call is shown", async () => {
  const host = await open({});
  for (const result of [reply({ a: 1 }), reply({ a: 1 }), reply({ a: 2 })]) await host.bring({ q: 1 }, result);
  await host.bring({ q: 2 }, reply({ a: 2 }));
  await host.sees(`wait {"q":2}`);
  assert.deepEqual((await host.lines()).slice(1), [
    `wait {"q":1}`,
    `done | {"a":1} | a text`,
    `done | {"a":2} | a text`,
    `wait {"q":2}`,
    `done | {"a":2} | a text`,
  ]);
  await host.close();
});

test("a host that calls no tools is not asked to", async () => {
  const host = await open({ can: {} });
  await host.bring({ q: 1 });
  await host.pass(10_000);
  await host.notify("tool-cancelled", { reason: "x" });
  await host.sees("declined | {} | This was stopped.");
  assert.equal(host.calls("read").length, 0);
  await host.close();
});

for (const [what, result, line] of [
  ["a failure that changed nothing", failure({ type: "x", message: "taken", outcome: "not_done" }), "failed | taken"],
  ["a failure with an unknown outcome", failure({ type: "x", message: "lost", outcome: "unknown" }), "unknown | lost"],
  ["a failure without a structure", { content: [{ type: "text", text: "odd" }], isError: true }, "unknown | odd"],
  [
    "a client that cannot ask",
    failure({ type: "not_confirmed", message: "ask", outcome: "not_done" }),
    "declined | ask",
  ],
  ["a no", reply({ confirmed: false, note: "Nothing was changed" }), "declined | Nothing was changed"],
  ["a dry run", reply({ dry_run: true, would: "book" }), "declined | A dry run: nothing was sent. book"],
  [
    "a question to the host",
    { resultType: "input_required", inputRequests: {} },
    "declined | The server wants a yes first",
  ],
  ["a refused call", { rpc: { code: -32602, message: "no such tool" } }, "failed | no such tool"],
  ["a broken call", { rpc: { code: -32603, message: "broken" } }, "unknown | broken"],
  ["an odd reply", { content: "x", structuredContent: 7 }, "done | "],
])
  test(`a change: ${what}`, async () => {
    const host = await open({ tools: { change: () => result } });
    await host.bring({}, reply({}));
    await host.sees("done");
    await host.view.locator("main").click();
    await host.sees(`came to ${line}`);
    await host.close();
  });

test("a change without an answer is unknown after 120 s, and never sent again", async () => {
  const host = await open({ tools: { change: () => null } });
  await host.bring({}, reply({}));
  await host.sees("done");
  await host.view.locator("main").click();
  await host.until(() => host.calls("change").length);
  await host.pass(119_000);
  assert.ok(!(await host.lines()).some((line) => line.startsWith("came")));
  await host.pass(2_000);
  await host.sees("came to unknown | The chat did not answer in time.");
  assert.equal(host.calls("change").length, 1);
  await host.close();
});

test("one call at a time", async () => {
  let running = 0;
  const change = async (_, at) => {
    assert.equal(++running, 1);
    await at.page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
    running -= 1;
    return reply({});
  };
  const host = await open({ tools: { change } });
  await host.bring({}, reply({}));
  await host.sees("done");
  await host.view.locator("main").dblclick();
  await host.until(() => host.calls("change").length === 2);
  await host.close();
});

test("requests of the host: ping, teardown, and what is not known", async () => {
  const host = await open({});
  await host.bring({ q: 1 });
  const answer = async (id, method) => {
    await host.post({ id, method, params: {} });
    await host.until(() => host.messages.some((message) => message.id === id && !message.method));
    return host.messages.find((message) => message.id === id && !message.method);
  };
  assert.deepEqual((await answer("a", "ping")).result, {});
  assert.equal((await answer("b", "roots/list")).error.code, -32601);
  assert.deepEqual((await answer("c", "ui/resource-teardown")).result, {});
  await host.pass(90_000);
  assert.equal(host.calls("read").length, 0);
  await host.close();
});

test("messages of others are not heard", async () => {
  const host = await open({});
  await host.bring({}, reply({ a: 1 }));
  await host.sees("done");
  await host.frame().evaluate(() => {
    const message = { jsonrpc: "2.0", method: "ui/notifications/tool-input", params: { arguments: { forged: 1 } } };
    window.postMessage(message, "*");
    return new Promise((next) => setTimeout(next, 20));
  });
  assert.ok(!(await host.lines()).some((line) => line.includes("forged")));
  await host.close();
});

test("a context that changes is merged", async () => {
  const host = await open({ context: { locale: "de-DE", theme: "light" } });
  await host.bring({}, reply({}));
  await host.notify("host-context-changed", {
    theme: "dark",
    safeAreaInsets: { top: 20, right: 0, bottom: 0, left: 0 },
  });
  await host.until(() => true);
  await host.frame().waitForFunction(() => document.documentElement.dataset.theme === "dark");
  assert.deepEqual(
    (await host.lines()).filter((line) => line.startsWith("context")),
    ["context de-DE", "context de-DE"],
  );
  assert.equal(await host.frame().evaluate(() => getComputedStyle(document.body).paddingTop), "32px");
  await host.close();
});

test("a fixed height is not argued with", async () => {
  const host = await open({ context: { containerDimensions: { height: 400, width: 400 } }, height: 400 });
  await host.bring({}, reply({}));
  await host.sees("done");
  assert.equal(host.sent("ui/notifications/size-changed").length, 0);
  await host.close();
});
