// mcp-remote, with which clients that only start programs get to a server at an address: it signs in by itself, and its user
// does their part in Chromium.

import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { browse } from "./person.js";
import { open, sdks, succeed } from "./sessions.js";
import { desk } from "./sign_in.js";

const timeout = 120_000;
const program = fileURLToPath(new URL("node_modules/.bin/mcp-remote", import.meta.url));
const nobody = async () => ({ action: "decline" });

let browser;
before(async () => (browser = await browse()));
after(() => browser.close());

// A client that has started mcp-remote, and `work` with it.
async function through({ url, desktop }, [path, ...more], work) {
  const sdk = sdks["sdk, 2025-11-25"];
  const args = [program, url + path, "--silent", ...more];
  const client = await open(sdk, nobody, new sdk.Stdio({ command: process.execPath, args, env: desktop.env }));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

// The same, for which somebody has to sign in.
async function throughThePage(desk, args, work) {
  const { desktop, person, key } = desk;
  const asked = desktop.next().then((page) => person.signIn(page, key));
  await Promise.all([asked, through(desk, args, work)]);
}

const margaret = "margaret@northlight.example";
async function works(client) {
  const { tools } = await client.listTools();
  assert.ok(tools.some((tool) => tool.name === "cancel_booking"));
  assert.equal((await succeed(client, "test_connection")).account, margaret);
}

for (const args of [["/mcp"], ["/mcp", "--protocol", "auto"], ["/sse", "--transport", "sse-only"]]) {
  test(`mcp-remote ${args.join(" ")}: signs in, and stays signed in`, { timeout }, () =>
    desk(browser, async (desk) => {
      await throughThePage(desk, args, works);
      // Another start needs nobody.
      await through(desk, args, works);
      assert.deepEqual(desk.desktop.opened, []);
    }),
  );
}

test(
  "mcp-remote: a token that is no longer taken is refreshed, and once the sign-in has ended it starts again",
  { timeout },
  () =>
    desk(browser, async (desk) => {
      const file = async (name) => {
        const folder = join(desk.desktop.home, ".mcp-auth/mcp-remote-v1");
        const path = join(
          folder,
          (await readdir(folder)).find((file) => file.endsWith(`_${name}.json`)),
        );
        return { path, kept: JSON.parse(await readFile(path, "utf8")) };
      };
      await throughThePage(desk, ["/mcp"], works);
      const { path, kept: first } = await file("tokens");
      await writeFile(path, JSON.stringify({ ...first, access_token: `${first.access_token}x` }));
      await through(desk, ["/mcp"], works);
      assert.deepEqual(desk.desktop.opened, []);
      const { kept: second } = await file("tokens");
      assert.notEqual(second.refresh_token, first.refresh_token);

      const { client_id } = (await file("client_info")).kept;
      const body = new URLSearchParams({ token: second.refresh_token, client_id });
      assert.equal((await fetch(`${desk.url}/revoke`, { method: "POST", body })).status, 200);
      await throughThePage(desk, ["/mcp"], works);
    }),
);

test("mcp-remote: who does not agree is told so, and the client that it is not connected", { timeout }, () =>
  desk(browser, async (desk) => {
    const { desktop, person } = desk;
    const asked = desktop.next().then(async (page) => {
      await person.page.goto(page);
      await person.button("Cancel").click();
      await person.page.getByText("Authorization failed").waitFor();
    });
    await Promise.all([asked, assert.rejects(through(desk, ["/mcp"], works), /[Cc]losed/)]);
  }),
);
