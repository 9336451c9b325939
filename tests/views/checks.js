// What holds for every view, in every state of it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Variables as hosts were seen to give them: their names with a value for either theme. */
export const HOSTS = {
  none: undefined,
  warm: {
    "--color-background-primary": "light-dark(rgb(255 255 255), rgb(48 48 46))",
    "--color-background-inverse": "light-dark(rgb(20 20 19), rgb(250 249 245))",
    "--color-text-primary": "light-dark(rgb(20 20 19), rgb(250 249 245))",
    "--color-text-secondary": "light-dark(rgb(61 61 58), rgb(194 192 182))",
    "--color-text-inverse": "light-dark(rgb(255 255 255), rgb(20 20 19))",
    "--border-radius-md": "8px",
  },
  faint: {
    "--color-background-primary": "light-dark(#ffffff, #22252a)",
    "--color-background-inverse": "light-dark(#000000, #cbd1d6)",
    "--color-background-danger": "light-dark(#f94b4b, #ff6b6b)",
    "--color-text-primary": "light-dark(#3f434b, #ffffff)",
    "--color-text-secondary": "light-dark(#878787, #878787)",
    "--color-text-inverse": "light-dark(#ffffff, #000000)",
    "--color-text-danger": "light-dark(#f94b4b, #ff6b6b)",
    "--color-text-success": "light-dark(#91cb80, #a3d795)",
  },
};

/** fits finds what sticks out, is cut off, or is too small to be hit with a finger. */
export async function fits(host) {
  const found = await host.frame().evaluate(() => {
    const wrong = [];
    /** How wide a field is inside, in times the size of its letters. */
    const size = (node) => node.clientWidth / Number.parseFloat(getComputedStyle(node).fontSize);
    const tell = (what, node) => wrong.push(`${what}: ${node.outerHTML.slice(0, 160)}`);
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth > clientWidth) wrong.push(`the page is ${scrollWidth} wide in ${clientWidth}`);
    for (const node of document.querySelectorAll("body *")) {
      const box = node.getBoundingClientRect();
      if (!box.width || !box.height || node.closest(".unseen") || node.tagName === "SCRIPT") continue;
      if (box.left < -1 || box.right > clientWidth + 1) tell("sticks out", node);
      const { overflowX } = getComputedStyle(node);
      const isField = ["INPUT", "SELECT", "TEXTAREA", "OPTION"].includes(node.tagName);
      if (node.type === "time" && size(node) < 7.2) tell("cuts its time off", node);
      if (!isField && node.scrollWidth > node.clientWidth + 1 && node.clientWidth && overflowX !== "visible")
        tell("is cut", node);
      if (!isField && node.clientWidth && node.scrollWidth > node.clientWidth + 1 && node.matches("button, .chip"))
        tell("overflows", node);
      const target = node.matches("input:is([type=radio], [type=checkbox])") ? node.closest("label") : node;
      const { width, height } = target.getBoundingClientRect();
      if (node.matches("button, input, select, textarea") && (height < 43.9 || width < 43.9))
        tell(`is ${width} × ${height}`, target);
    }
    return wrong;
  });
  assert.deepEqual(found, []);
}

/** height is what the view asks for. */
export const height = (host) => host.sent("ui/notifications/size-changed").at(-1)?.height;

/** Words of guests and hosts as they should never be shown, each with what must be seen of it. */
export const HOSTILE = {
  html: `<img src=x onerror="window.ran=1"><b>bold</b>`,
  bidi: "abc\u202Etxt.exe\u202C \u2066x\u2069 \u200F! a\u0000b\u0007c\u001b[31md\u2028e",
  long: "W".repeat(10_000),
  rtl: `אבגדה محمد Z${"\u0301".repeat(500)}algo`,
  script: `"><script>window.ran=1</script><svg onload=window.ran=1>`,
  link: "javascript:window.ran=1",
  words: "word ".repeat(2_000),
  emoji: "👩‍👩‍👧‍👦".repeat(100),
};

/** isTame checks that nothing ran, nothing was made of the texts but text, and no text has what turns or hides it. */
export async function isTame(host) {
  const found = await host.frame().evaluate(() => ({
    ran: window.ran ?? null,
    elements: [...document.querySelectorAll("img, b, svg, script:not([type=module]), a")].map((node) => node.outerHTML),
    // eslint-disable-next-line no-control-regex
    marks: (document.body.innerText.match(/[\u0000-\u0008\u000b-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g) ?? [])
      .length,
    longest: Math.max(...[...document.querySelectorAll("bdi")].map((node) => node.textContent.length), 0),
  }));
  assert.deepEqual({ ...found, longest: found.longest <= 1_500 }, { ran: null, elements: [], marks: 0, longest: true });
}

/** picture takes the view's picture for the documentation, with UPDATE=1; else it only sees that there is one. */
export async function picture(host, name) {
  await fits(host);
  const path = fileURLToPath(new URL(`../../docs/views/${name}.png`, import.meta.url));
  if (!process.env.UPDATE) return assert.ok(existsSync(path), `UPDATE=1 takes ${path}`);
  const asked = height(host);
  await host.page.mouse.move(0, 899);
  await host.page.setViewportSize({ width: host.width, height: asked });
  await host.page.screenshot({ path, animations: "disabled", caret: "hide" });
}
