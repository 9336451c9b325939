// The question to the person before a change, as both TypeScript SDKs carry it: who answers what, and what an answer opens.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Person, onlyAYesChangesAnything } from "./scenarios.js";
import { calls, clients, everything, filled, like, session, succeed } from "./sessions.js";

const timeout = 60_000;
const asked = Object.keys(calls).filter((tool) => calls[tool].elsewhere);
const answers = {
  yes: { action: "accept", content: { confirm: true } },
  no: { action: "accept", content: { confirm: false } },
  declined: { action: "decline" },
  dismissed: { action: "cancel" },
};

for (const [name, connect] of Object.entries(clients)) {
  for (const tool of asked) {
    for (const [said, answer] of Object.entries(answers)) {
      test(`${name}: ${tool}, ${said}`, { timeout }, () => {
        const person = new Person(answer);
        return session(connect, person.ask, (client) => onlyAYesChangesAnything(client, tool, person));
      });
    }
  }
}

const connect = clients["client, 2026-07-28"];
const nobody = async (request) => assert.fail(`nobody should be asked: ${request.params.message}`);

// A call without the SDK's own rounds.
const call = (client, name, args, answer) =>
  client.request({ method: "tools/call", params: { name, arguments: args, ...answer } }, { allowInputRequired: true });
const refuse = (calling, why) => assert.rejects(calling, { code: -32602, message: why });

for (const tool of asked) {
  test(`an answer opens its own call and once: ${tool}`, { timeout }, () =>
    session(connect, nobody, async (client, env) => {
      const { works, shows, changes, elsewhere } = await filled(client, calls[tool]);
      const before = await everything(client);
      const question = await call(client, tool, works);
      assert.equal(question.resultType, "input_required");
      const requestState = question.requestState;
      const yes = { requestState, inputResponses: { confirm: answers.yes } };

      for (const other of [`${requestState}x`, requestState.slice(0, -1), [...requestState].reverse().join(""), ""]) {
        await refuse(call(client, tool, works, { ...yes, requestState: other }), /does not belong/);
      }
      for (const [other, args] of elsewhere) {
        await refuse(call(client, other, args, yes), /does not belong/);
      }
      const another = await connect(nobody, env);
      await refuse(call(another, tool, works, yes), /does not belong/).finally(() => another.close());
      assert.deepEqual(await everything(client), before);

      const done = await call(client, tool, works, yes);
      assert.deepEqual(like(shows, done.structuredContent), shows);
      const after = await everything(client);
      assert.notDeepEqual(after[changes], before[changes]);
      await refuse(call(client, tool, works, yes), /used already/);
      assert.deepEqual(await everything(client), after);
    }));
}

test("an answer that cannot be read leaves its question open", { timeout }, () =>
  session(connect, nobody, async (client) => {
    const tom = { contact_id: "tom@ashcroft.example" };
    const { requestState } = await call(client, "delete_contact", tom);
    const again = (answer) => call(client, "delete_contact", tom, { requestState, inputResponses: { confirm: answer } });
    await refuse(again({ action: "perhaps" }), /cannot be read/);
    await succeed(client, "get_contact", tom);
    assert.equal((await again(answers.yes)).structuredContent.deleted, true);
    await refuse(again(answers.yes), /used already/);
  }));
