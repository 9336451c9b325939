// Prints server.json with the bundles of a folder added to the image: the registry needs each one's URL and digest,
// which are only known after the build.
//   node packaging/mcpb/registry.mjs FOLDER
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const server = JSON.parse(readFileSync(new URL("../../server.json", import.meta.url), "utf8"));
const [image] = server.packages;
const bundles = readdirSync(folder).filter((name) => name.endsWith(".mcpb")).sort();
if (bundles.length === 0) throw new Error(`there is no bundle in ${folder}`);
for (const name of bundles) {
  server.packages.push({
    registryType: "mcpb",
    identifier: `${server.repository.url}/releases/download/v${server.version}/${name}`,
    fileSha256: createHash("sha256").update(readFileSync(join(folder, name))).digest("hex"),
    transport: { type: "stdio" },
    environmentVariables: image.environmentVariables,
  });
}
console.log(JSON.stringify(server, null, 2));
