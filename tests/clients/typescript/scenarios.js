// What holds however the server is reached.

import assert from "node:assert/strict";

import { calls, everything, fail, filled, like, succeed } from "./sessions.js";

export async function worksAndSaysHowItFails(client, tool) {
  const { works, shows, fails, refused } = await filled(client, calls[tool]);
  const unknown = await fail(client, tool, { ...works, no_such_argument: 1 });
  assert.deepEqual([unknown.type, unknown.param], ["invalid_argument", "no_such_argument"]);
  assert.deepEqual(like(refused, await fail(client, tool, fails)), refused);
  assert.deepEqual(like(shows, await succeed(client, tool, works)), shows);
}

// Answers each question alike.
export class Person {
  questions = [];

  constructor(answer) {
    this.answer = answer;
  }

  ask = async (request) => {
    this.questions.push(request.params.message);
    return this.answer;
  };
}

export async function onlyAYesChangesAnything(client, tool, { answer, questions }) {
  const { works, shows, asks, changes } = await filled(client, calls[tool]);
  const before = await everything(client);
  const reply = await succeed(client, tool, works);
  const after = await everything(client);
  assert.equal(questions.length, 1);
  assert.deepEqual(asks.filter((part) => !questions[0].includes(part)), [], questions[0]);
  if (answer.action === "accept" && answer.content.confirm) {
    assert.deepEqual(like(shows, reply), shows);
    assert.equal(reply.confirmed, true);
    assert.notDeepEqual(after[changes], before[changes]);
    assert.deepEqual({ ...after, [changes]: [] }, { ...before, [changes]: [] });
  } else {
    assert.equal(reply.confirmed, false);
    assert.deepEqual(after, before);
  }
}
