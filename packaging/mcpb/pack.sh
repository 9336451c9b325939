#!/usr/bin/env bash
# Packs a built program into a bundle for Claude Desktop and other MCPB hosts:
#   packaging/mcpb/pack.sh TARGET BINARY [FOLDER]
# creates FOLDER/oncehub-mcp-VERSION-TARGET.mcpb, and prints its path.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=$1 binary=$2 folder=${3:-.}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
mcpb=$here/node_modules/.bin/mcpb
[ -x "$mcpb" ] || (cd "$here" && npm ci --silent --no-audit --no-fund)

case $target in
  *-linux-*) platform=linux program=oncehub-mcp ;;
  *-apple-darwin) platform=darwin program=oncehub-mcp ;;
  *-windows-*) platform=win32 program=oncehub-mcp.exe ;;
  *) echo "pack.sh: MCPB has no platform for $target" >&2 && exit 2 ;;
esac

stage=$(mktemp -d)
trap 'rm -r "$stage"' EXIT
mkdir "$stage/server"
install -m 755 "$binary" "$stage/server/$program"
install -m 644 "$here/icon.png" "$here/../../LICENSE" "$stage"
# A bundle has the program for one platform, so it must be offered for no other.
node -e '
  const [from, to, platform, program] = process.argv.slice(1);
  const fs = require("fs");
  const manifest = JSON.parse(fs.readFileSync(from, "utf8"));
  manifest.compatibility.platforms = [platform];
  manifest.server.entry_point = `server/${program}`;
  fs.writeFileSync(to, JSON.stringify(manifest, null, 2));
  console.log(manifest.version);
' "$here/manifest.json" "$stage/manifest.json" "$platform" "$program" >"$stage/version"
bundle=$folder/oncehub-mcp-$(cat "$stage/version")-$target.mcpb
rm "$stage/version"

"$mcpb" validate "$stage/manifest.json" >&2
# Run from inside, since it lists files relative to the current folder.
(cd "$stage" && "$mcpb" pack . "$bundle") >&2
echo "$bundle"
