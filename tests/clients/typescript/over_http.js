// The server over HTTP, in front of one simulated account, and the ways in which both TypeScript SDKs get to it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

import * as modern from "@modelcontextprotocol/client";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { binary, open, sdks } from "./sessions.js";

export const transports = {
  "sdk, 2025-11-25": { StreamableHTTPClientTransport, SSEClientTransport },
  "client, 2025-11-25": modern,
  "client, 2026-07-28": modern,
};

// To each path as Streamable HTTP, and to the older one as it was meant first.
export const ways = {
  "/mcp": ["/mcp", "StreamableHTTPClientTransport"],
  "/sse, posted": ["/sse", "StreamableHTTPClientTransport"],
  "/sse, streamed": ["/sse", "SSEClientTransport"],
};

// A server before an account, and `connect` to it. It has no key itself: anyone who comes has to bring one among the headers,
// which may change while a session is open.
export async function served({ ONCEHUB_API_KEY: key, ...env }, work, ...args) {
  const command = ["--log", "error", ...args, "http", "--listen", "127.0.0.1:0"];
  const server = spawn(binary, command, { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [said] = await once(createInterface({ input: server.stdout }), "line");
    const url = said.match(/http:\/\/[^/]+/)[0];
    const connect = (name, way, answer, headers = { "API-Key": key }, options = {}) => {
      const [path, transport] = ways[way];
      const address = new URL(url + path);
      return open(sdks[name], answer, new transports[name][transport](address, { requestInit: { headers }, ...options }));
    };
    await work({ url, key, connect, process: server });
  } finally {
    server.kill();
  }
}

// An OnceHub that says whose a key is, as a session is opened, and never answers anything else; `asked` is when such a
// request came, `left` when the other side had gone.
export async function silentOncehub(work) {
  const oncehub = createServer();
  const asked = new Promise((resolve) => {
    oncehub.on("request", (request, response) => {
      if (request.url === "/v2/test") response.setHeader("Content-Type", "application/json").end("{}");
      else resolve(request);
    });
  });
  const left = asked.then((request) => once(request.socket, "close"));
  await once(oncehub.listen(0, "127.0.0.1"), "listening");
  const env = {
    ONCEHUB_API_URL: `http://127.0.0.1:${oncehub.address().port}`,
    ONCEHUB_API_KEY: "any",
    // So patient that only a client can end a call.
    ONCEHUB_MCP_TIMEOUT: "600",
    ONCEHUB_MCP_RATE_LIMIT: "off",
  };
  try {
    await work({ asked, left, env });
  } finally {
    oncehub.closeAllConnections();
    oncehub.close();
  }
}

export async function soon(promise) {
  const late = new AbortController();
  const limit = setTimeout(10_000, undefined, late).then(() => Promise.reject(new Error("that did not come about in 10 s")));
  limit.catch(() => {});
  try {
    return await Promise.race([promise, limit]);
  } finally {
    late.abort();
  }
}
