// How the views look, in each of their states: in the colours of hosts, at every width, and with large text. PICTURES=folder
// takes a picture of each.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HOSTS, fits, height } from "./checks.js";
import { browse } from "./host.js";
import { VIEWS, openView } from "./views.js";

let tab;
before(async () => (tab = await browse()));
after(() => tab.close());

/** What a person does in each view, step by step. */
const STEPS = {
  slots: [
    (host) => host.chip("10:30").click(),
    async (host) => {
      await host.press("Continue");
      await host.sees("Book this time?");
      await host.pass(500);
    },
    (host) => host.press("Change details"),
    async (host) => {
      await host.view.getByLabel("Name").fill("");
      await host.press("Continue");
    },
  ],
  agenda: [
    async (host) => {
      await host.line("Jacob").click();
      await host.sees("Bring the contract");
    },
    async (host) => {
      await host.press("Cancel…");
      await host.sees("Cancel this booking?");
      await host.pass(500);
    },
    async (host) => {
      await host.press("Cancel booking");
      await host.sees("Canceled.");
    },
  ],
  availability: [
    (host) => host.press("Edit"),
    async (host) => {
      await host.field("Monday, from").fill("18:00");
      await host.press("Review");
    },
    async (host) => {
      await host.field("Monday, from").fill("10:00");
      await host.press("Review");
      await host.pass(500);
    },
    async (host) => {
      await host.press("Save");
      await host.sees("Saved.");
    },
  ],
};

/** walk goes through the states of a view, and looks at each. */
async function walk(host, view, name, look) {
  for (const [at, step] of [undefined, ...STEPS[view]].entries()) {
    await step?.(host);
    await look(at);
    const path = `${process.env.PICTURES}/${view}-${at}-${name}.png`;
    if (process.env.PICTURES) await host.page.screenshot({ path, fullPage: true });
  }
  await host.close();
}

for (const view of Object.keys(VIEWS)) {
  for (const theme of ["light", "dark"])
    for (const [name, variables] of Object.entries(HOSTS))
      test(`${view}, ${theme}, in the colours of a host: ${name}`, async () => {
        const context = { theme, ...(variables && { styles: { variables } }) };
        const host = await openView(tab, view, { width: 320, context });
        await walk(host, view, `${theme}-${name}`, () => host.axe());
      });

  for (const [width, zoom] of [
    [320, 1],
    [400, 1],
    [720, 1],
    [1200, 1],
    [320, 2],
    [720, 2],
  ])
    test(`${view}, at ${width} px, text at ${zoom}00 %`, async () => {
      const host = await openView(tab, view, { width, context: { locale: "en-US" }, media: { locale: "en-US" } });
      await host.frame().evaluate((times) => (document.documentElement.style.fontSize = `${14 * times}px`), zoom);
      await walk(host, view, `${width}-${zoom}00`, async (at) => {
        await fits(host);
        const most = { slots: at < 2 && 400, availability: at === 0 && 400 }[view];
        if (most && zoom === 1) assert.ok(height(host) <= most, `${height(host)} px`);
      });
    });
}
