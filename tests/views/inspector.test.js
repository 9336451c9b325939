// A view in the web host of MCP Inspector, which is made of the official SDK: two origins, a proxy frame, the default policy.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { browse } from "./host.js";

const root = new URL("../..", import.meta.url).pathname;
const binary = process.env.ONCEHUB_MCP_BINARY ?? `${root}target/debug/oncehub-mcp`;
const inspector = `${root}tests/clients/typescript/node_modules/.bin/mcp-inspector`;
const token = "token-of-the-test";
let tab, server, host, address, url;

/** port is one that nobody uses now. */
async function port() {
  const probe = createServer();
  await once(probe.listen(0, "127.0.0.1"), "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

before(async () => {
  tab = await browse();
  server = spawn(binary, ["--log", "error", "--sandbox", "http", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {},
  });
  const [said] = await once(createInterface({ input: server.stdout }), "line");
  url = `${said.match(/http:\/\/[^/\s]+/)[0]}/mcp`;
  const [client, sandbox] = [await port(), await port()];
  const settings = {
    HOST: "127.0.0.1",
    CLIENT_PORT: client,
    MCP_SANDBOX_PORT: sandbox,
    MCP_AUTO_OPEN_ENABLED: "false",
    MCP_INSPECTOR_API_TOKEN: token,
    MCP_INSPECTOR_SECRET_STORE: "memory",
  };
  host = spawn(inspector, ["--web"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...settings },
    detached: true,
  });
  for await (const line of createInterface({ input: host.stdout })) {
    if (/127\.0\.0\.1:\d+/.test(line)) break;
  }
  host.stdout.resume();
  address = `http://127.0.0.1:${client}`;
});
after(async () => {
  if (host) process.kill(-host.pid);
  server?.kill();
  await tab.close();
});

test("a time is booked in Inspector's host", async () => {
  const context = await tab.browser.newContext({ locale: "en-GB", timezoneId: "Europe/London" });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const args = {
    calendar_id: "Intro call",
    time_zone: "Europe/London",
    guest_name: "Ada",
    guest_email: "ada@example.com",
  };
  const open = new URL(address);
  open.search = new URLSearchParams({
    MCP_INSPECTOR_API_TOKEN: token,
    serverUrl: url,
    transport: "http",
    autoConnect: token,
    openApp: "show_free_slots",
    appArgs: Buffer.from(JSON.stringify(args)).toString("base64url"),
    autoOpen: token,
  });
  await page.goto(open.href);
  await page.locator('[data-testid="connection-status"][data-status="connected"]').waitFor();
  await page.locator('[data-app-status="ready"]').waitFor();
  const view = page.frameLocator("iframe").frameLocator("iframe");
  await view.locator("fieldset .chip").filter({ visible: true }).first().click();
  const press = (name) => view.getByRole("button", { name, exact: true }).click();
  await press("Continue");
  await press("Book");
  await view.getByRole("heading", { name: "Booked" }).waitFor();
  await context.close();
  const client = new Client({ name: "reader", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const asked = { name: "list_bookings", arguments: { guest: "ada@example.com", starts_after: "now", limit: 1 } };
  const { structuredContent } = await client.callTool(asked);
  assert.equal(structuredContent.items[0]?.status, "scheduled");
  await client.close();
});
