// Joins a view's document out of its sources, as the server does.
import { readFileSync } from "node:fs";

const source = (name) => readFileSync(new URL(`../../src/apps/${name}`, import.meta.url), "utf8");

/** isComment tells whether a line is nothing else. */
const isComment = (line) => /^(\/\/|\*( |\/|$)|\/\*(?!.*\*\/.))/.test(line);

/** join makes a document of a view's own three pieces. Comments, indents and most line breaks stay behind: they are for the sources' readers. */
export function join({ title, css, html, js }) {
  const shared = ["bridge.js", "dom.js", "time.js"].map(source).join("");
  const document =
    `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n` +
    `<title>${title}</title>\n<style>\n${source("base.css")}${css}</style>\n</head>\n<body>\n${html}<script type="module">\n` +
    `${shared}${js}</script>\n</body>\n</html>\n`;
  const lost = document.match(/^[ \t]*\/\*.*\*\/[ \t]*\S.*$|^.*\S.* \/\/ .*$/m);
  if (lost) throw new Error(`a comment that takes code along: ${lost[0]}`);
  const lines = document.split("\n").map((line) => line.trim());
  const code = lines.filter((line) => line && !isComment(line)).join("\n");
  // After these, a script or a style sheet needs no break.
  return code.replace(/([{([,;])\n/g, "$1");
}

/** view is the document of a view by its name. */
export const view = (name) =>
  join({ title: name, css: source(`${name}.css`), html: source(`${name}.html`), js: source(`${name}.js`) });
