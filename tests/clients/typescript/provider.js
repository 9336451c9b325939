// A company whose identity provider says who people are: a real one, with its own page to sign in at, and a server before it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { served } from "./over_http.js";
import { withAccount } from "./sessions.js";

const program = fileURLToPath(new URL("../python/identity.mjs", import.meta.url));
const secret = "s3cret-of-the-server-at-the-provider";

export const company = (work) =>
  withAccount(async (account) => {
    const folder = await mkdtemp(join(tmpdir(), "company-"));
    const provider = spawn(process.execPath, [program], {
      env: { CLIENT_SECRET: secret },
      stdio: ["pipe", "pipe", "ignore"],
    });
    const written = async (name, text) => {
      const file = join(folder, name);
      await writeFile(file, text, { mode: 0o600 });
      return file;
    };
    try {
      const [issuer] = await once(createInterface({ input: provider.stdout }), "line");
      const key = await written("key", account.ONCEHUB_API_KEY);
      const map = {
        keys: { company: { file: key } },
        rules: [{ email: "dana@northlight.example", key: "company", access: "all" }],
      };
      const env = {
        ONCEHUB_MCP_OAUTH: "oidc",
        ONCEHUB_MCP_OIDC_ISSUER: issuer,
        ONCEHUB_MCP_OIDC_NAME: "Northlight ID",
        ONCEHUB_MCP_OIDC_CLIENT_ID: "oncehub-mcp",
        ONCEHUB_MCP_OIDC_CLIENT_SECRET_FILE: await written("secret", secret),
        ONCEHUB_MCP_OIDC_MAP_FILE: await written("map.json", JSON.stringify(map)),
      };
      await served({ ...account, ...env }, (server) => {
        provider.stdin.end(`${server.url}/callback\n`);
        return work({ ...server, issuer });
      });
    } finally {
      provider.kill();
      await rm(folder, { recursive: true });
    }
  });
