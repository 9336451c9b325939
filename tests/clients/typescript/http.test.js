// The server as both TypeScript SDKs see it over HTTP: on each path, in both protocol eras, with a key that each request brings.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { served, silentOncehub, soon, ways } from "./over_http.js";
import { Person, onlyAYesChangesAnything, worksAndSaysHowItFails } from "./scenarios.js";
import { calls, sdks, succeed, withAccount } from "./sessions.js";

const timeout = 60_000;
const yes = { action: "accept", content: { confirm: true } };
const no = { action: "accept", content: { confirm: false } };
const nobody = async (request) => assert.fail(`nobody should be asked: ${request.params.message}`);
const reads = Object.keys(calls).filter((tool) => /^(get|list|plan|test|find|brief)_|_report$/.test(tool));
// All tools work at /mcp; that the other ways carry them too shows in some.
const some = ["get_booking_time_slots", "schedule_meeting", "cancel_booking"];
const tom = { contact_id: "tom@ashcroft.example" };

// Work with a client, which leaves in any case.
async function using(connecting, work) {
  const client = await connecting;
  try {
    await client.listTools();
    return await work(client);
  } finally {
    await client.close();
  }
}
const names = async (client) => (await client.listTools()).tools.map((tool) => tool.name).sort();
// The two SDKs differ in what they take second.
const call = (name, client, params, options) =>
  name.startsWith("sdk") ? client.callTool(params, undefined, options) : client.callTool(params, options);

// A server for tests that only read.
let shared;
let leave;
let left;
before(async () => {
  const ready = Promise.withResolvers();
  const done = Promise.withResolvers();
  leave = done.resolve;
  left = withAccount(async (env) => {
    await served(env, async (server) => {
      ready.resolve(server);
      await done.promise;
    });
  });
  left.catch(ready.reject);
  shared = await ready.promise;
});
after(() => {
  leave();
  return left;
});

for (const name of Object.keys(sdks)) {
  for (const way of Object.keys(ways)) {
    const it = (what, work) => test(`${name}, ${way}: ${what}`, { timeout }, work);
    const isModern = name.endsWith("2026-07-28");

    for (const header of ["API-Key", "Authorization"]) {
      it(`lists its tools, with the key in ${header}`, () => {
        const headers = { [header]: header === "API-Key" ? shared.key : `Bearer ${shared.key}` };
        return using(shared.connect(name, way, nobody, headers), async (client) => {
          assert.deepEqual(await names(client), Object.keys(calls).sort());
          assert.equal(client.getServerVersion()?.name, "oncehub-mcp");
          assert.ok(name.endsWith(client.getNegotiatedProtocolVersion?.() ?? "2025-11-25"));
          assert.equal((await succeed(client, "test_connection")).account, "margaret@northlight.example");
        });
      });
    }

    for (const tool of way === "/mcp" ? Object.keys(calls) : some) {
      it(`${tool} works, and says how it fails`, () =>
        withAccount((env) =>
          served(env, ({ connect }) =>
            using(connect(name, way, new Person(yes).ask), (client) => worksAndSaysHowItFails(client, tool)),
          ),
        ));
    }

    for (const [said, answer] of Object.entries({ yes, no })) {
      it(`delete_contact, ${said}`, () => {
        const person = new Person(answer);
        return withAccount((env) =>
          served(env, ({ connect }) =>
            using(connect(name, way, person.ask), (client) => onlyAYesChangesAnything(client, "delete_contact", person)),
          ),
        );
      });
    }

    it("a long call tells how far it is", () =>
      withAccount((env) =>
        // This takes a few requests. With one every two seconds, every other step at least finds the call between two.
        served({ ...env, ONCEHUB_MCP_RATE_LIMIT: "1/2s" }, ({ connect }) =>
          using(connect(name, way, nobody), async (client) => {
            const steps = [];
            const params = { name: "find_times", arguments: { hosts: ["Dana Reyes"] } };
            const onprogress = ({ progress, message }) => steps.push([progress, message]);
            const { structuredContent } = await call(name, client, params, { onprogress });
            assert.equal(structuredContent.complete, true);
            assert.ok(steps.length >= 2, `${steps.length}`);
            assert.ok(steps.slice(1).every(([progress], before) => progress > steps[before][0]), `${steps}`);
            assert.ok(steps.some(([, said]) => said === "waiting for OnceHub's rate limit"), `${steps}`);
          }),
        ),
      ));

    it("a call that is cancelled is dropped on the way to OnceHub", () =>
      silentOncehub(({ asked, left, env }) =>
        served(env, ({ connect }) =>
          using(connect(name, way, nobody), async (client) => {
            const cancel = new AbortController();
            const params = { name: "list_webhooks", arguments: {} };
            const cancelled = assert.rejects(call(name, client, params, { signal: cancel.signal }));
            await soon(asked);
            cancel.abort("no longer wanted");
            await cancelled;
            await soon(left);
            assert.equal((await client.listTools()).tools.length, Object.keys(calls).length);
          }),
        ),
      ));

    it("headers narrow what is offered", () => {
      const headers = { "API-Key": shared.key, "X-MCP-Readonly": "true", "X-MCP-Exclude-Tools": "get_user,list_users" };
      return using(shared.connect(name, way, nobody, headers), async (client) => {
        const offered = reads.filter((tool) => !["get_user", "list_users"].includes(tool));
        assert.deepEqual(await names(client), offered.sort());
        const refused = { code: -32602, message: /this server does not offer 'delete_contact'/ };
        await assert.rejects(client.callTool({ name: "delete_contact", arguments: tom }), refused);
      });
    });

    it("nobody is served without a key", () =>
      assert.rejects(shared.connect(name, way, nobody, {}), (error) => {
        assert.match(String(error), /401|Unauthorized|OnceHub API key/i);
        return true;
      }));

    // In the newer era only a stream is a session.
    if (isModern && way !== "/sse, streamed") continue;
    it("a session answers only the key that opened it", () =>
      withAccount((env) =>
        served(
          env,
          ({ key, connect }) => {
            const headers = { "API-Key": key };
            return using(connect(name, way, nobody, headers), async (client) => {
              const steal = () => client.callTool({ name: "delete_contact", arguments: tom });
              headers["API-Key"] = "other";
              await assert.rejects(steal(), /404|no such session with this key/);
              delete headers["API-Key"];
              await assert.rejects(steal(), /401|Unauthorized|OnceHub API key/);
              headers["API-Key"] = key;
              await succeed(client, "get_contact", tom);
            });
          },
          "--confirm",
          "never",
        ),
      ));
  }
}

for (const name of ["sdk, 2025-11-25", "client, 2025-11-25"]) {
  test(`${name}: a session's id is worth nothing with another key`, { timeout }, () =>
    using(shared.connect(name, "/mcp", nobody), async (client) => {
      const { sessionId } = client.transport;
      assert.ok(sessionId);
      for (const [headers, why] of [
        [{ "API-Key": "other" }, /404|no such session with this key/],
        [{}, /401|Unauthorized|OnceHub API key/],
      ]) {
        const thief = await shared.connect(name, "/mcp", nobody, headers, { sessionId });
        const stealing = thief.callTool({ name: "get_contact", arguments: tom });
        await assert.rejects(stealing, why).finally(() => thief.close());
      }
      await succeed(client, "get_contact", tom);
    }));
}
