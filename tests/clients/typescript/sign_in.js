// Hosts that have somebody sign in by themselves, as both TypeScript SDKs do it.

import { once } from "node:events";
import { createServer } from "node:http";
import { after, before } from "node:test";

import * as modern from "@modelcontextprotocol/client";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";

import { Desktop } from "./opener.js";
import { served, transports, ways } from "./over_http.js";
import { browse, Person } from "./person.js";
import { open, sdks, withAccount } from "./sessions.js";

// What has a server's users sign in.
export const signIn = { ONCEHUB_MCP_OAUTH: "keys" };

const serving = (work) => withAccount((env) => served({ ...env, ...signIn }, work));

// A browser, a host's address for answers, and a server at which people sign in: for all tests of a file.
export function opened(server = serving) {
  const here = {};
  let leave, left;
  before(async () => {
    [here.browser, here.callback] = await Promise.all([browse(), Callback.open()]);
    const ready = Promise.withResolvers();
    const done = Promise.withResolvers();
    leave = done.resolve;
    left = server((server) => (ready.resolve(server), done.promise));
    left.catch(ready.reject);
    here.server = await ready.promise;
  });
  after(async () => {
    leave();
    await left;
    here.callback.close();
    await here.browser.close();
  });
  return here;
}

// Work with a server, a desktop, and somebody at its browser.
export const desk = (browser, work) =>
  serving(async (server) => {
    const desktop = await Desktop.open();
    const person = await Person.at(browser);
    try {
      await work({ ...server, desktop, person });
    } finally {
      await desktop.close();
      await person.leave();
    }
  });

// The address at which a host on this machine gets its answers, one host at a time.
export class Callback {
  #server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, this.url);
    response
      .writeHead(pathname === "/callback" ? 200 : 404, { "Content-Type": "text/html" })
      .end("<title>Back</title>");
    if (pathname === "/callback") this.#answered?.(searchParams);
  });
  #answered;

  static async open() {
    const callback = new Callback();
    await once(callback.#server.listen(0, "127.0.0.1"), "listening");
    callback.url = `http://127.0.0.1:${callback.#server.address().port}/callback`;
    return callback;
  }

  // The next answer.
  next() {
    return new Promise((answered) => (this.#answered = answered));
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

// A host with one of the SDKs; `show` is how its user gets to see a page.
export class Host {
  kept = {};
  asked = 0;

  constructor(name, { url, way = "/mcp", callback, show, document, method = "none" }) {
    Object.assign(this, { name, url, way, callback, show });
    this.provider = {
      redirectUrl: callback.url,
      clientMetadataUrl: document,
      clientMetadata: { client_name: "Test", redirect_uris: [callback.url], token_endpoint_auth_method: method },
      state: () => (this.kept.state = crypto.randomUUID()),
      clientInformation: () => this.kept.client,
      saveClientInformation: (client) => void (this.kept.client = client),
      tokens: () => this.kept.tokens,
      saveTokens: (tokens) => void (this.kept.tokens = tokens),
      codeVerifier: () => this.kept.verifier,
      saveCodeVerifier: (verifier) => void (this.kept.verifier = verifier),
      discoveryState: () => this.kept.found,
      saveDiscoveryState: (found) => void (this.kept.found = found),
      redirectToAuthorization: (page) => void (this.page = page),
      invalidateCredentials: (scope) => {
        if (["all", "client"].includes(scope)) delete this.kept.client;
        if (["all", "tokens"].includes(scope)) delete this.kept.tokens;
        if (["all", "discovery"].includes(scope)) delete this.kept.found;
      },
    };
  }

  #transport() {
    const [path, transport] = ways[this.way];
    return new transports[this.name][transport](new URL(this.url + path), { authProvider: this.provider });
  }

  // A client. If the server wants its user to sign in, they do, once.
  async connect() {
    const nobody = async () => ({ action: "decline" });
    const transport = this.#transport();
    try {
      return await open(sdks[this.name], nobody, transport);
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      await this.signIn(transport);
      return await open(sdks[this.name], nobody, this.#transport());
    }
  }

  // Has its user sign in, where a request has just been refused.
  async signIn(transport = this.#transport()) {
    this.asked += 1;
    const answered = this.callback.next();
    await this.show(this.page);
    const answer = await answered;
    if (answer.get("state") !== this.kept.state) throw new Error(`the state is another: ${answer}`);
    if (!this.name.startsWith("sdk")) return transport.finishAuth(answer);
    // This one looks at the code alone.
    if (answer.has("error")) throw new Error(answer.get("error"));
    await transport.finishAuth(answer.get("code"));
  }
}

export const isUnauthorized = (error) =>
  [error, error?.cause].some((one) => one instanceof UnauthorizedError || one instanceof modern.UnauthorizedError);

export const isDeclined = (error) => [error.code, error.message].includes("access_denied");
