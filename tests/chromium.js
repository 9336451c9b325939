// Debian's Chromium as the tests of pages and of views start it, and what axe finds in a page of it.

export const chromium = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
  ],
};

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// What is hard for people with a disability in a page or a frame, as far as axe, whose source is passed, can see it.
export async function barriers(frame, axe, rules = {}) {
  await frame.evaluate(axe);
  const options = { runOnly: TAGS, rules, resultTypes: ["violations"] };
  const { violations } = await frame.evaluate((options) => window.axe.run(document, options), options);
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]);
}
