// From a host's "connect" to its first answer where the company's identity provider says who somebody is, and to the end of
// their sign-in: on a phone, by keyboard.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Person, phone } from "./person.js";
import { company } from "./provider.js";
import { succeed } from "./sessions.js";
import { Host, isUnauthorized, opened } from "./sign_in.js";

const here = opened(company);

// At the provider: what its page asks for, which may be nothing.
async function passes({ page }, login) {
  const { keyboard } = page;
  await page.waitForURL((at) => at.origin === here.server.issuer);
  const name = page.getByPlaceholder("Enter any login");
  if (await name.count()) {
    await name.focus();
    await keyboard.type(login);
    await keyboard.press("Tab");
    await keyboard.type("any");
    await keyboard.press("Enter");
  }
  // Whether this server may know who they are.
  const proceeds = page.getByRole("button", { name: "Continue" });
  await proceeds.waitFor();
  await proceeds.focus();
  await keyboard.press("Enter");
  await page.waitForURL((at) => at.origin === here.server.url);
}

for (const colorScheme of ["light", "dark"]) {
  test(`on a phone, ${colorScheme}, by keyboard alone`, { timeout: 120_000 }, async () => {
    const { browser, callback, server } = here;
    const person = await Person.at(browser, { walk: `by provider, ${colorScheme}`, ...phone, colorScheme });
    const { page } = person;
    const press = async (name) => {
      await person.tabTo(person.button(name));
      await page.keyboard.press("Enter");
    };
    const sees = async (title) => {
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      await person.isFine();
    };
    const show = async ({ href }) => {
      await page.goto(href);
      await sees("Connect “Test” to OnceHub?");
      await press("Go on to Northlight ID");
      await passes(person, "dana");
      await sees("Is this you?");
      assert.ok(await page.getByText("dana@northlight.example").count());
      await press("Connect");
      await page.waitForURL((at) => at.href.startsWith(callback.url));
    };
    const host = new Host("client, 2026-07-28", { url: server.url, callback, show });
    const client = await host.connect();
    assert.equal((await succeed(client, "test_connection")).me, "dana@northlight.example");

    await page.goto(`${server.url}/sign-ins`);
    await sees("Your sign-ins");
    await press("Go on to Northlight ID");
    // The provider still knows them.
    await page.waitForURL((at) => at.href.startsWith(`${server.url}/callback`));
    await sees("Your sign-ins");
    assert.equal(await page.getByRole("listitem").count(), 1);
    await press(/^End Test/);
    await sees("“Test” is signed out");

    const headers = { Authorization: `Bearer ${host.kept.tokens.access_token}` };
    assert.equal((await fetch(`${server.url}/mcp`, { method: "POST", headers })).status, 401);
    await assert.rejects(succeed(client, "test_connection"), isUnauthorized);
    await client.close();
    await person.leave();
  });
}
