// MCP Inspector's page, which is a program of its own on this machine.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("node_modules/.bin/mcp-inspector", import.meta.url));
const token = "token-of-the-test";

// A port that nobody uses now.
async function port() {
  const probe = createServer();
  await once(probe.listen(0, "127.0.0.1"), "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

// Starts the page. `address` is where it connects to a server by itself, and does what else it is told in its address.
export async function start(env) {
  const [client, sandbox] = [await port(), await port()];
  const settings = {
    HOST: "127.0.0.1",
    CLIENT_PORT: client,
    MCP_SANDBOX_PORT: sandbox,
    MCP_AUTO_OPEN_ENABLED: "false",
    MCP_INSPECTOR_API_TOKEN: token,
    MCP_INSPECTOR_SECRET_STORE: "memory",
  };
  const inspector = spawn(process.execPath, [program, "--web"], {
    env: { ...env, ...settings },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  for await (const line of createInterface({ input: inspector.stdout })) {
    if (line.includes(`127.0.0.1:${client}`)) break;
  }
  inspector.stdout.resume();
  const address = (serverUrl, more = {}) => {
    const asked = { MCP_INSPECTOR_API_TOKEN: token, serverUrl, transport: "http", autoConnect: token, ...more };
    return `http://127.0.0.1:${client}/?${new URLSearchParams(asked)}`;
  };
  return { token, address, close: () => process.kill(-inspector.pid) };
}

export const isConnected = (page) =>
  page.locator('[data-testid="connection-status"][data-status="connected"]').waitFor();
