// A person at the pages of sign-in, in Debian's Chromium: what is done there, and what must never be seen there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function browse() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const quiet = ["background-networking", "component-update", "sync", "quic"].map((what) => `--disable-${what}`);
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", ...quiet] });
}

// Somebody at a browser of their own: `options` as Playwright has them.
export class Person {
  constructor(context, page, wrong) {
    this.context = context;
    this.page = page;
    this.wrong = wrong;
  }

  static async at(browser, options = {}) {
    const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(30_000);
    const wrong = [];
    // Of this server's pages; what a host shows is the host's.
    const isOurs = (at) => URL.canParse(at) && new URL(at).pathname === "/authorize";
    context.on("weberror", (error) => isOurs(error.page()?.url()) && wrong.push(String(error.error())));
    context.on("console", (entry) => {
      // A page with a 4xx status is an answer.
      const isAnswer = entry.text().startsWith("Failed to load resource: the server responded with a status of 4");
      if (isOurs(entry.location().url) && !isAnswer) wrong.push(entry.text());
    });
    return new Person(context, await context.newPage(), wrong);
  }

  // Takes the browser away. No page may have complained, of what its policy forbids for one.
  async leave() {
    await this.context.close();
    assert.deepEqual(this.wrong, []);
  }

  // The same person in another tab.
  async tab() {
    return new Person(this.context, await this.context.newPage(), this.wrong);
  }

  get title() {
    return this.page.getByRole("heading", { level: 1 });
  }

  get key() {
    return this.page.getByLabel("API key");
  }

  get readOnly() {
    return this.page.getByRole("radio", { name: "read only" });
  }

  get problem() {
    return this.page.getByRole("alert");
  }

  get me() {
    return this.page.getByLabel("Who are you");
  }

  get zone() {
    return this.page.getByLabel("time zone");
  }

  button(name) {
    return this.page.getByRole("button", { name });
  }

  // The first page, filled in.
  async giveKey(key, access = "all") {
    if (access === "read") await this.readOnly.check();
    await this.key.fill(key);
    await this.button("Continue").click();
  }

  // Both pages, as a host opens them, to the host's own.
  async signIn(url, key, access) {
    await this.page.goto(String(url));
    await this.giveKey(key, access);
    const origin = new URL(url).origin;
    await this.button("Connect").click();
    await this.page.waitForURL((at) => at.origin !== origin);
  }

  // Goes on by keyboard to a part of the page. Wherever that passes has to show it.
  async tabTo(part) {
    for (let steps = 0; !(await part.evaluate((node) => node === document.activeElement)); steps += 1) {
      assert.ok(steps < 30, `the keyboard does not get to ${part}`);
      await this.page.keyboard.press("Tab");
      const shown = await this.page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return document.activeElement === document.body || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2);
      });
      assert.ok(shown, "nothing shows where the keyboard is");
    }
  }

  // What is hard for people with a disability, as far as a program can see it.
  async isAccessible() {
    // It takes what has no colour of its own for white, where the browser has made it dark.
    await this.page.evaluate(() => (document.documentElement.style.backgroundColor = "Canvas"));
    await this.page.evaluate(axe);
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await this.page.evaluate((runOnly) => window.axe.run(document, { runOnly }), tags);
    const found = violations.map(({ id, nodes }) => [
      id,
      nodes.map(({ html, failureSummary }) => [html, failureSummary]),
    ]);
    assert.deepEqual(found, []);
  }

  // Nothing sticks out of the page, or is cut off in it.
  async fits() {
    const found = await this.page.evaluate(() => {
      const { clientWidth, scrollWidth } = document.documentElement;
      const boxes = [...document.querySelectorAll("body *")].map((node) => [node, node.getBoundingClientRect()]);
      const out = boxes.filter(([, box]) => box.width && (box.left < -1 || box.right > clientWidth + 1));
      const isCut = (node) => !node.matches("input") && node.clientWidth && node.scrollWidth > node.clientWidth + 1;
      const cut = boxes.filter(([node]) => isCut(node));
      const wide = scrollWidth > clientWidth ? [`${scrollWidth} wide in ${clientWidth}`] : [];
      return [...wide, ...[...out, ...cut].map(([node]) => node.outerHTML.slice(0, 160))];
    });
    assert.deepEqual(found, []);
  }
}
