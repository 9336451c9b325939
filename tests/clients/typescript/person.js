// A person at the pages of sign-in, in Debian's Chromium: what is done there, and what must never be seen there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import * as playwright from "playwright-core";

import { barriers, chromium } from "../../chromium.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const browse = () => playwright.chromium.launch(chromium);

export const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

// Where our pages are.
const PAGES = ["/authorize", "/callback", "/sign-ins"];

// Somebody at a browser of their own: `options` as Playwright has them, and what their `walk` is called.
export class Person {
  constructor(context, page, wrong, walk) {
    Object.assign(this, { context, page, wrong, walk });
  }

  static async at(browser, { walk = "page", ...options } = {}) {
    const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(30_000);
    // Others' pages may want what is on the internet.
    const isHere = ({ hostname }) => ["", "127.0.0.1", "localhost"].includes(hostname);
    await context.route(
      (url) => !isHere(url),
      (route) => route.abort(),
    );
    const wrong = [];
    // Of this server's pages; what a host shows is the host's.
    const isOurs = (at) => URL.canParse(at) && PAGES.includes(new URL(at).pathname);
    context.on("weberror", (error) => isOurs(error.page()?.url()) && wrong.push(String(error.error())));
    context.on("console", (entry) => {
      // A page with a 4xx status is an answer.
      const isAnswer = entry.text().startsWith("Failed to load resource: the server responded with a status of 4");
      if (isOurs(entry.location().url) && !isAnswer) wrong.push(entry.text());
    });
    return new Person(context, await context.newPage(), wrong, walk);
  }

  // Takes the browser away. No page may have complained, of what its policy forbids for one.
  async leave() {
    await this.context.close();
    assert.deepEqual(this.wrong, []);
  }

  // The same person in another tab.
  async tab() {
    return new Person(this.context, await this.context.newPage(), this.wrong, this.walk);
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

  // What holds for every page. With PICTURES=FOLDER, a picture of it is kept there, to be looked at.
  async isFine() {
    await this.fits();
    await this.isAccessible();
    if (!process.env.PICTURES) return;
    const name = [this.walk, (this.pictures = (this.pictures ?? 0) + 1)].join(" ");
    await this.page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true });
  }

  // What is hard for people with a disability, as far as a program can see it.
  async isAccessible() {
    // It takes what has no colour of its own for white, where the browser has made it dark.
    await this.page.evaluate(() => (document.documentElement.style.backgroundColor = "Canvas"));
    assert.deepEqual(await barriers(this.page, axe), []);
    assert.deepEqual(await this.page.evaluate(faintEdges), []);
  }

  // Nothing sticks out of the page, is cut off in it, or is torn apart.
  async fits() {
    const found = await this.page.evaluate(() => {
      const { clientWidth, scrollWidth } = document.documentElement;
      const boxes = [...document.querySelectorAll("body *")].map((node) => [node, node.getBoundingClientRect()]);
      const out = boxes.filter(([, box]) => box.width && (box.left < -1 || box.right > clientWidth + 1));
      const isCut = (node) => !node.matches("input") && node.clientWidth && node.scrollWidth > node.clientWidth + 1;
      const cut = boxes.filter(([node]) => isCut(node));
      const torn = boxes.filter(([node]) => node.matches("button, .button") && node.getClientRects().length > 1);
      const wide = scrollWidth > clientWidth ? [`${scrollWidth} wide in ${clientWidth}`] : [];
      return [...wide, ...[...out, ...cut, ...torn].map(([node]) => node.outerHTML.slice(0, 160))];
    });
    assert.deepEqual(found, []);
  }
}

// The fields and buttons whose edge cannot be told from the page (WCAG 1.4.11): neither by their border nor by their colour.
function faintEdges() {
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = parts(colour).map(
      (part) => (part /= 255) && (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4),
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = getComputedStyle(document.documentElement).backgroundColor;
  // Where a colour lets the page through, as it is seen.
  const seen = (colour) => {
    const [r, g, b, alpha = 1] = parts(colour);
    const mixed = [r, g, b].map((part, index) => part * alpha + parts(page)[index] * (1 - alpha));
    return `rgb(${mixed.join(" ")})`;
  };
  const contrast = (colour) => {
    const [dark, light] = [luminance(seen(colour)), luminance(page)].sort((one, other) => one - other);
    return (light + 0.05) / (dark + 0.05);
  };
  const controls = [...document.querySelectorAll("input:is([type=text], [type=password]), button, .button")];
  const isFaint = (node) => {
    const { borderTopColor, backgroundColor } = getComputedStyle(node);
    return Math.max(contrast(borderTopColor), contrast(backgroundColor)) < 3;
  };
  return controls.filter(isFaint).map((node) => node.outerHTML.slice(0, 160));
}
