// From a host's "connect" to its first answer, as somebody new to it meets the pages of sign-in: on a phone, by keyboard, and
// with what goes wrong on the way.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Person, phone } from "./person.js";
import { succeed } from "./sessions.js";
import { Callback, Host, isDeclined, opened } from "./sign_in.js";

const margaret = "margaret@northlight.example";
const here = opened();

// Has somebody go from a host's first request to its first answer; `walk` is what they do at the page, and `heard` what the
// host learns in the end.
const walks = (what, options, walk, heard = answers) =>
  test(what, { timeout: 120_000 }, async () => {
    const { browser, callback, server } = here;
    const person = await Person.at(browser, { walk: what, ...options });
    const show = async (page) => {
      await person.page.goto(page.href);
      await walk(person);
    };
    await heard(new Host("client, 2026-07-28", { url: server.url, callback, show }).connect(), person);
    await person.leave();
  });

async function answers(connecting) {
  const client = await connecting;
  assert.equal((await succeed(client, "test_connection")).account, margaret);
  await client.close();
}

// What is said of a field, as a screen reader tells it.
const described = (field) =>
  field.evaluate((node) => {
    const ids = (node.getAttribute("aria-describedby") ?? "").split(" ");
    return [node.ariaInvalid, ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" ")];
  });

for (const colorScheme of ["light", "dark"]) {
  walks(`on a phone, ${colorScheme}, with mistakes on the way`, { ...phone, colorScheme }, async (person) => {
    await person.isFine();
    await person.key.fill("a-key-that-opens-nothing");
    await person.button("Continue").tap();
    await person.problem.waitFor();
    await person.isFine();
    assert.equal(await person.key.inputValue(), "");
    const [invalid, description] = await described(person.key);
    assert.equal(invalid, "true");
    assert.ok(description.includes(await person.problem.textContent()), description);

    // The clipboard has more than the key.
    await person.key.fill(` "${here.server.key}" `);
    await person.button("Continue").tap();
    await person.me.waitFor();
    await person.isFine();
    assert.ok((await person.page.getByText(margaret).count()) > 0);
    assert.equal(await person.me.inputValue(), margaret);

    await person.zone.fill("Berlin");
    await person.button("Connect").tap();
    await person.problem.waitFor();
    await person.isFine();
    assert.match(await person.problem.textContent(), /Europe\/Berlin/);
    await person.zone.fill("Europe/Berlin");
    await person.button("Connect").tap();
  });
}

walks(
  "by keyboard alone",
  {},
  async (person) => {
    const { keyboard } = person.page;
    await person.tabTo(person.page.getByRole("radio", { checked: true }));
    await keyboard.press("ArrowDown");
    assert.ok(await person.readOnly.isChecked());
    await person.tabTo(person.key);
    await keyboard.type("a-key-that-opens-nothing");
    await keyboard.press("Enter");
    await person.problem.waitFor();
    // What was chosen stays.
    assert.ok(await person.readOnly.isChecked());
    await person.tabTo(person.key);
    await keyboard.type(here.server.key);
    await keyboard.press("Enter");
    await person.me.waitFor();
    await person.tabTo(person.button("Connect"));
    await keyboard.press("Enter");
  },
  async (connecting) => {
    const client = await connecting;
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    assert.ok(names.includes("list_bookings") && !names.includes("cancel_booking"), `${names}`);
    await client.close();
  },
);

// 200 % on a laptop, and on a phone; and as narrow as the guidelines ask for.
for (const [what, width, height] of [
  ["200 %", 640, 360],
  ["200 % on a phone", 180, 370],
  ["320 pixels", 320, 640],
]) {
  walks(`zoomed: ${what}`, { viewport: { width, height }, deviceScaleFactor: 2 }, async (person) => {
    await person.fits();
    await person.giveKey("a-key-that-opens-nothing");
    await person.problem.waitFor();
    await person.fits();
    await person.giveKey(here.server.key);
    await person.me.waitFor();
    await person.fits();
    await person.button("Connect").click();
  });
}

walks("without script", { javaScriptEnabled: false }, async (person) => {
  await person.giveKey(here.server.key);
  await person.button("Connect").click();
});

walks("back to the first page, and on again", phone, async (person) => {
  await person.giveKey(here.server.key);
  await person.me.waitFor();
  await person.page.goBack();
  await person.giveKey(here.server.key, "read");
  await person.me.waitFor();
  await person.page.reload();
  await person.button("Connect").click();
});

walks("a double click on each button", {}, async (person) => {
  await person.key.fill(here.server.key);
  await person.button("Continue").dblclick();
  await person.me.waitFor();
  await person.button("Connect").dblclick();
});

walks("two tabs of one browser at once", {}, async (person) => {
  const tab = await person.tab();
  const show = async (page) => {
    await tab.page.goto(page.href);
    await person.giveKey(here.server.key);
    await tab.giveKey(here.server.key);
    await person.me.waitFor();
    await tab.me.waitFor();
    await tab.button("Connect").click();
  };
  const theirs = await Callback.open();
  const other = new Host("sdk, 2025-11-25", { url: here.server.url, callback: theirs, show });
  await answers(other.connect());
  theirs.close();
  await person.button("Connect").click();
});

const declines = (connecting) => assert.rejects(connecting, isDeclined);
walks("a change of mind on the first page", phone, (person) => person.button("Cancel").tap(), declines);
walks(
  "a change of mind on the second page",
  phone,
  async (person) => {
    await person.giveKey(here.server.key);
    await person.me.waitFor();
    await person.button("Cancel").tap();
  },
  declines,
);

// The page at which a client sends a person, as it has been registered.
async function asked(redirect_uri, more = {}, client_name = "Test") {
  const body = JSON.stringify({
    client_name,
    redirect_uris: [redirect_uri],
    token_endpoint_auth_method: "none",
  });
  const headers = { "Content-Type": "application/json" };
  const { client_id } = await (await fetch(`${here.server.url}/register`, { method: "POST", headers, body })).json();
  const pkce = { code_challenge: "a".repeat(43), code_challenge_method: "S256" };
  return `${here.server.url}/authorize?${new URLSearchParams({ response_type: "code", client_id, redirect_uri, ...pkce, ...more })}`;
}

// The size of letters that somebody has set in their browser: half as large again.
walks("larger letters", phone, async (person) => {
  const enlarge = () => person.page.evaluate(() => (document.documentElement.style.fontSize = "24px"));
  const sizes = () =>
    person.page.evaluate(() =>
      ["p", "label", "[type=password]", "button"]
        .map((part) => document.querySelector(part))
        .map((node) => parseFloat(getComputedStyle(node).fontSize)),
    );
  const before = await sizes();
  await enlarge();
  assert.deepEqual(
    await sizes(),
    before.map((size) => size * 1.5),
  );
  await person.fits();
  await person.giveKey(here.server.key);
  await person.me.waitFor();
  await enlarge();
  await person.fits();
  await person.button("Connect").tap();
});

for (const width of [360, 180])
  test(
    `an app with a scheme of its own that nothing opens: the page has the link, ${width}`,
    { timeout: 120_000 },
    async () => {
      const person = await Person.at(here.browser, { ...phone, viewport: { width, height: 740 } });
      await person.page.goto(
        await asked("cursor://anysphere.cursor-mcp/oauth/callback", {}, "Our own assistant for meetings"),
      );
      await person.isFine();
      await person.giveKey(here.server.key);
      await person.button("Connect").tap();
      await person.page.locator('a[href^="cursor://anysphere.cursor-mcp/oauth/callback?code="]').waitFor();
      await person.isFine();
      // So says the browser, which knows no such app.
      const told = person.wrong.splice(0);
      assert.ok(
        told.every((text) => text.includes("does not have a registered handler")),
        `${told}`,
      );
      await person.leave();
    },
  );

for (const colorScheme of ["light", "dark"]) {
  test(`what cannot be connected, and whom the page warns of, ${colorScheme}`, { timeout: 120_000 }, async () => {
    const person = await Person.at(here.browser, { ...phone, colorScheme });
    for (const url of [
      `${here.server.url}/authorize`,
      await asked(here.callback.url, { response_type: "token" }),
      await asked("https://a-rather-long-name-of-some-host-or-other.nobody-knows-it.example/callback"),
      await asked(here.callback.url, { scope: "oncehub.read" }),
    ]) {
      await person.page.goto(url);
      await person.isFine();
    }
    await person.leave();
  });
}
