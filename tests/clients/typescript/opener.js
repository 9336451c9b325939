// The desktop's browser, as programs open it: where a program would start one, a test is told the address.

import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

// A desktop of its own: a home, and a browser that is a script. What is started there sees nothing else of the machine's.
export class Desktop {
  opened = [];
  #waiting = [];
  #server = createServer(async (script) => {
    const url = await text(script);
    const waiting = this.#waiting.shift();
    if (waiting) waiting(url);
    else this.opened.push(url);
  });

  static async open() {
    const desktop = new Desktop();
    desktop.home = await mkdtemp(join(tmpdir(), "desktop-"));
    const socket = join(desktop.home, "opened");
    await once(desktop.#server.listen(socket), "listening");
    const browser = join(desktop.home, "browser");
    const script = `require("node:net").connect(${JSON.stringify(socket)}).end(process.argv[2]);`;
    await writeFile(browser, `#!${process.execPath}\n${script}\n`, { mode: 0o755 });
    desktop.env = { PATH: process.env.PATH, HOME: desktop.home, BROWSER: browser };
    return desktop;
  }

  // The next address that is opened.
  next() {
    return this.opened.length ? Promise.resolve(this.opened.shift()) : new Promise((told) => this.#waiting.push(told));
  }

  async close() {
    this.#server.close();
    await rm(this.home, { recursive: true, maxRetries: 5 });
  }
}
