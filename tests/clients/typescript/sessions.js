// What the tests stand on: sessions of the server through both TypeScript SDKs, on simulated accounts.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { Client as ModernClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClassicClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as ClassicTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

export const binary = process.env.ONCEHUB_MCP_BINARY;
const about = { name: "client-tests", version: "1.0.0" };
const capabilities = { elicitation: { form: {} } };

// What each tool is called with, and what it then says: python/sessions.py tells more.
export const calls = JSON.parse(readFileSync(new URL("../calls.json", import.meta.url), "utf8"));

export const sdks = {
  "sdk, 2025-11-25": { Client: ClassicClient, Stdio: ClassicTransport, asked: ElicitRequestSchema },
  "client, 2025-11-25": { Client: ModernClient, Stdio: ModernTransport, asked: "elicitation/create" },
  "client, 2026-07-28": {
    Client: ModernClient,
    Stdio: ModernTransport,
    asked: "elicitation/create",
    versionNegotiation: { mode: "auto" },
  },
};

// A client; `answer` stands for the person.
export async function open({ Client, asked, versionNegotiation }, answer, transport) {
  const client = new Client(about, { capabilities, versionNegotiation });
  client.setRequestHandler(asked, answer);
  await client.connect(transport);
  return client;
}

// Each starts the server, on an account of its own unless there is one already.
export const clients = Object.fromEntries(
  Object.entries(sdks).map(([name, sdk]) => [name, (answer, env) => open(sdk, answer, new sdk.Stdio(server(env)))]),
);

function server(env) {
  return { command: binary, args: [...(env ? [] : ["--sandbox"]), "--log", "error"], env };
}

// Work with a client, on a simulated account that may be asked as often as wanted.
export const session = (connect, answer, work) =>
  withAccount(async (env) => {
    const client = await connect(answer, env);
    try {
      // The SDKs hold replies against the output schemas that they have seen.
      await client.listTools();
      await work(client, env);
    } finally {
      await client.close();
    }
  });

export async function withAccount(work) {
  const command = ["sandbox", "--listen", "127.0.0.1:0", "--no-limits"];
  const sandbox = spawn(binary, command, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await work({ ...(await whereabouts(sandbox.stdout)), ONCEHUB_MCP_RATE_LIMIT: "off" });
  } finally {
    sandbox.kill();
  }
}

async function whereabouts(output) {
  for await (const line of createInterface({ input: output })) {
    const settings = [...line.matchAll(/(ONCEHUB_API_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]);
    if (settings.length === 2) return Object.fromEntries(settings);
  }
  throw new Error("the sandbox did not start");
}

// The structured reply.
export async function succeed(client, name, args = {}) {
  const result = await client.callTool({ name, arguments: args });
  assert.ok(!result.isError, result.content[0].text);
  assert.ok(result.structuredContent);
  return result.structuredContent;
}

export async function fail(client, name, args) {
  const result = await client.callTool({ name, arguments: args });
  assert.ok(result.isError, result.content[0].text);
  assert.match(result.content[0].text, /\nhint: .+$/);
  return result.structuredContent.error;
}

// Part of the table, with what is in the account in place of $coming, $other, $guest, $past, $plan and $slot.
export async function filled(client, table) {
  let text = JSON.stringify(table);
  const known = {};
  if (/\$(coming|other|guest|plan)/.test(text)) {
    const wanted = { starts_after: "tomorrow", status: ["scheduled"], calendar: "Intro call", limit: 2 };
    const [coming, other] = (await succeed(client, "list_bookings", wanted)).items;
    Object.assign(known, { $coming: coming.id, $other: other.id, $guest: coming.guest_name });
  }
  if (text.includes("$past")) {
    known.$past = (await succeed(client, "list_bookings", { status: ["completed"], limit: 1 })).items[0].id;
  }
  if (text.includes("$plan")) {
    const wanted = { change: "cancel", booking_ids: [known.$coming], reason: "ill" };
    known.$plan = (await succeed(client, "plan_changes", wanted)).plan;
  }
  if (text.includes("$slot")) {
    const wanted = { calendar_id: "Intro call", start_time: "+2d", limit: 1 };
    known.$slot = (await succeed(client, "get_booking_time_slots", wanted)).items[0].start_time;
  }
  for (const [name, value] of Object.entries(known)) text = text.replaceAll(name, value);
  return JSON.parse(text);
}

// As much of `actual` as `expected` speaks of.
export function like(expected, actual) {
  if (Array.isArray(expected) && actual?.length === expected.length) {
    return expected.map((value, index) => like(value, actual[index]));
  }
  if (expected?.constructor === Object && actual?.constructor === Object) {
    return Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, like(value, actual[name])]));
  }
  return actual;
}

// All that can be changed by what is asked about, read anew.
export async function everything(client) {
  const lists = { bookings: { detail: "full", limit: 500 }, contacts: { limit: 500 }, users: {}, webhooks: {} };
  const read = async ([name, args]) => [name, (await succeed(client, `list_${name}`, args)).items];
  return Object.fromEntries(await Promise.all(Object.entries(lists).map(read)));
}
