// A view in the web host of MCP Inspector, which is made of the official SDK: two origins, a proxy frame, the default policy.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { isConnected, start } from "../clients/typescript/inspector.js";
import { browse } from "./host.js";

const root = new URL("../..", import.meta.url).pathname;
const binary = process.env.ONCEHUB_MCP_BINARY ?? `${root}target/debug/oncehub-mcp`;
let tab, server, inspector, url;

before(async () => {
  tab = await browse();
  server = spawn(binary, ["--log", "error", "--sandbox", "http", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {},
  });
  const [said] = await once(createInterface({ input: server.stdout }), "line");
  url = `${said.match(/http:\/\/[^/\s]+/)[0]}/mcp`;
  inspector = await start(process.env);
});
after(async () => {
  inspector?.close();
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
  const appArgs = Buffer.from(JSON.stringify(args)).toString("base64url");
  const opens = { openApp: "show_free_slots", appArgs, autoOpen: inspector.token };
  await page.goto(inspector.address(url, opens));
  await isConnected(page);
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
