// MCP Inspector as it has its user sign in: its command line, which opens a browser, and its page, which leaves for ours and
// comes back. The user does their part in Chromium.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";

import { isConnected, program, start } from "./inspector.js";
import { browse } from "./person.js";
import { desk } from "./sign_in.js";

const timeout = 120_000;
const margaret = "margaret@northlight.example";

let browser;
before(async () => (browser = await browse()));
after(() => browser.close());

// Calls a tool from the command line; how that ended, and all that was printed.
async function calls({ url, desktop }, env, ...args) {
  const call = [
    "--cli",
    `${url}/mcp`,
    "--transport",
    "http",
    "--method",
    "tools/call",
    "--tool-name",
    "test_connection",
  ];
  const settings = { ...desktop.env, MCP_INSPECTOR_SECRET_STORE: "file", ...env };
  const inspector = spawn(process.execPath, [program, ...call, ...args], {
    env: settings,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [printed, problems, [code]] = await Promise.all([
    text(inspector.stdout),
    text(inspector.stderr),
    once(inspector, "exit"),
  ]);
  return { code, printed, problems };
}

for (const era of ["legacy", "modern"]) {
  test(`Inspector's command line, ${era}: signs in, and stays signed in`, { timeout }, () =>
    desk(browser, async (desk) => {
      const { desktop, person, key } = desk;
      // Nobody could see a page.
      const alone = await calls(desk, {}, "--protocol-era", era);
      assert.deepEqual(
        [alone.code, JSON.parse(alone.problems.trim().split("\n").at(-1)).error.code],
        [3, "auth_required"],
      );

      const opens = { MCP_AUTO_OPEN_ENABLED: "true", MCP_OAUTH_CALLBACK_URL: "http://127.0.0.1:0/oauth/callback" };
      const [signedIn] = await Promise.all([
        calls(desk, opens, "--protocol-era", era),
        desktop.next().then((page) => person.signIn(page, key)),
      ]);
      assert.equal(signedIn.code, 0, signedIn.problems);
      assert.equal(JSON.parse(signedIn.printed).structuredContent.account, margaret);

      const again = await calls(desk, {}, "--protocol-era", era, "--stored-auth-only");
      assert.equal(again.code, 0, again.problems);
      assert.equal(JSON.parse(again.printed).structuredContent.account, margaret);
      assert.deepEqual(desktop.opened, []);
    }),
  );
}

test("Inspector's page: signs in, and shows the first answer", { timeout }, () =>
  desk(browser, async ({ url, desktop, person: { page }, person, key }) => {
    const inspector = await start(desktop.env);
    try {
      await page.goto(inspector.address(`${url}/mcp`));
      await page.waitForURL((at) => at.origin === url);
      await person.giveKey(key);
      await person.button("Connect").click();
      await isConnected(page);
      await page.getByText("Tools", { exact: true }).click();
      await page.getByText("test_connection").first().click();
      await page.getByRole("button", { name: "Execute" }).click();
      await page.getByText(margaret).first().waitFor();
    } finally {
      inspector.close();
    }
  }),
);
