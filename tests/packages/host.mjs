// Starts an unpacked bundle as a host of MCPB does, and prints the configuration of the client that is to speak to it:
//   node tests/packages/host.mjs FOLDER '{"sandbox": true}'
// The vendor's own code fills in what the person answered.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, answers] = process.argv.slice(2);
const require = createRequire(new URL("../../packaging/mcpb/package.json", import.meta.url));
const { getMcpConfigForManifest } = await import(pathToFileURL(require.resolve("@anthropic-ai/mcpb")));
const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
const { command, args, env } = await getMcpConfigForManifest({
  manifest,
  extensionPath: resolve(folder),
  systemDirs: {},
  userConfig: JSON.parse(answers),
  pathSeparator: "/",
});
console.log(JSON.stringify({ mcpServers: { oncehub: { type: "stdio", command, args, env } } }));
