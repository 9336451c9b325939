// Both TypeScript SDKs' OAuth clients: each finds where people sign in, becomes a client, and refreshes, all by itself. The
// person does their part in Chromium.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { served, ways } from "./over_http.js";
import { Person } from "./person.js";
import { sdks, succeed, withAccount } from "./sessions.js";
import { Host, isDeclined, isUnauthorized, opened, signIn } from "./sign_in.js";

const timeout = 120_000;
// A host that is known here, whose document need not be fetched. It is on the user's machine, at any port.
const document = "https://claude.ai/oauth/claude-code-client-metadata";

const here = opened();

// A host whose user agrees to what it asks for, in a browser of their own, and `work` with both.
async function hosting(name, options, work) {
  const person = await Person.at(here.browser);
  const show = (page) => person.signIn(page, options.key ?? here.server.key, options.access);
  const host = new Host(name, { url: here.server.url, callback: here.callback, show, ...options });
  try {
    await work(host, person);
  } finally {
    await person.leave();
  }
}

// Work with a client, which leaves in any case.
async function using(client, work) {
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
const account = async (client) => (await succeed(client, "test_connection")).account;
const margaret = "margaret@northlight.example";
const names = async (client) => (await client.listTools()).tools.map((tool) => tool.name);

for (const name of Object.keys(sdks)) {
  const it = (what, work) => test(`${name}: ${what}`, { timeout }, work);

  // The newer SDK becomes a client in the same way in both eras.
  const isAlike = name === "client, 2025-11-25";
  const all = [
    ...Object.keys(ways).map((way) => [`registered, at ${way}`, { way }]),
    ["by its document", { document }],
    ["with a secret in the body", { method: "client_secret_post" }],
    ["with a secret in a header", { method: "client_secret_basic" }],
  ];
  const kinds = isAlike ? all.slice(0, 1) : all;
  for (const [kind, options] of kinds) {
    it(`it signs in, and stays signed in, ${kind}`, () =>
      hosting(name, options, async (host) => {
        await using(await host.connect(), async (client) => {
          assert.equal(await account(client), margaret);
          assert.ok(name.endsWith(client.getNegotiatedProtocolVersion?.() ?? "2025-11-25"));
        });
        assert.equal(host.kept.client.client_id === document, Boolean(options.document));
        assert.equal(Boolean(host.kept.client.client_secret), Boolean(options.method));
        // Another session needs nobody.
        const first = host.kept.tokens.access_token;
        assert.equal(await using(await host.connect(), account), margaret);
        assert.deepEqual([host.asked, host.kept.tokens.access_token], [1, first]);
      }));
  }

  it("a token that is no longer taken is refreshed without anybody", () =>
    hosting(name, {}, async (host) => {
      await using(await host.connect(), async (client) => {
        const first = host.kept.tokens;
        host.kept.tokens = { ...first, access_token: `${first.access_token}x` };
        assert.equal(await account(client), margaret);
        assert.notEqual(host.kept.tokens.access_token, first.access_token);
        assert.notEqual(host.kept.tokens.refresh_token, first.refresh_token);
      });
      assert.equal(host.asked, 1);
    }));

  it("once the sign-in has ended, its user is asked again", () =>
    hosting(name, {}, async (host) => {
      await using(await host.connect(), async (client) => {
        const { access_token, refresh_token } = host.kept.tokens;
        const body = new URLSearchParams({ token: refresh_token, client_id: host.kept.client.client_id });
        assert.equal((await fetch(`${here.server.url}/revoke`, { method: "POST", body })).status, 200);
        await assert.rejects(account(client), isUnauthorized);
        await host.signIn();
        assert.notEqual(host.kept.tokens.access_token, access_token);
      });
      // What was open with the sign-in has ended with it.
      await using(await host.connect(), async (client) => assert.equal(await account(client), margaret));
      assert.equal(host.asked, 2);
    }));

  if (isAlike) continue;

  it("where its registration is not known any more, it registers again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sign-in-"));
    const secret = join(folder, "secret");
    const change = () => writeFile(secret, randomBytes(32).toString("hex"), { mode: 0o600 });
    await change();
    await withAccount((env) =>
      served({ ...env, ...signIn, ONCEHUB_MCP_SECRET_FILE: secret }, ({ url, process, key }) =>
        hosting(name, { url, key }, async (host) => {
          await using(await host.connect(), account);
          const first = host.kept.client.client_id;
          // The operator signs everybody out.
          await change();
          process.kill("SIGHUP");
          const headers = { Authorization: `Bearer ${host.kept.tokens.access_token}` };
          while ((await fetch(`${url}/mcp`, { method: "POST", headers })).status !== 401);
          assert.equal(await using(await host.connect(), account), margaret);
          assert.notEqual(host.kept.client.client_id, first);
          assert.equal(host.asked, 2);
        }),
      ),
    );
    await rm(folder, { recursive: true });
  });

  it("who reads only is offered no changes", () =>
    hosting(name, { access: "read" }, async (host) => {
      const reads = await using(await host.connect(), names);
      assert.equal(host.kept.tokens.scope, "oncehub.read");
      assert.ok(reads.includes("list_bookings") && !reads.includes("cancel_booking"), `${reads}`);
    }));

  it("who does not agree is asked for nothing more", () =>
    hosting(name, {}, async (host, person) => {
      host.show = async (page) => {
        await person.page.goto(page.href);
        await person.button("Cancel").click();
      };
      await assert.rejects(host.connect(), isDeclined);
      assert.equal(host.kept.tokens, undefined);
    }));
}

test("the page on clients has the versions that are tried", async () => {
  const read = (path) => readFile(new URL(path, import.meta.url), "utf8");
  const rows = (await read("../../../docs/clients.md")).split("\n");
  const { dependencies } = JSON.parse(await read("package.json"));
  for (const name of ["client", "sdk", "inspector"]
    .map((name) => `@modelcontextprotocol/${name}`)
    .concat("mcp-remote")) {
    assert.ok(
      rows.some((row) => row.startsWith(`| \`${name}\` | ${dependencies[name]} |`)),
      name,
    );
  }
});
