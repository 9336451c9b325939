#!/usr/bin/env bash
# Packs a built program with its manual pages and completions:
#   packaging/archive.sh TARGET BINARY PRINTER [FOLDER]
# creates FOLDER/oncehub-mcp-VERSION-TARGET.tar.gz (.zip for Windows), and prints its path. PRINTER is the same program
# for this machine: it prints the pages and completions, which a program for another machine cannot.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=$1 binary=$2 printer=$3 folder=${4:-.}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
version=$("$printer" --version)
name=oncehub-mcp-${version##* }-$target

stage=$(mktemp -d)
trap 'rm -r "$stage"' EXIT
mkdir -p "$stage/$name/completions"
install -m 755 "$binary" "$stage/$name"
install -m 644 "$root/README.md" "$root/CHANGELOG.md" "$root/LICENSE" "$stage/$name"
"$printer" man --out "$stage/$name/man"
"$printer" completions bash >"$stage/$name/completions/oncehub-mcp.bash"
"$printer" completions zsh >"$stage/$name/completions/_oncehub-mcp"
"$printer" completions fish >"$stage/$name/completions/oncehub-mcp.fish"
"$printer" completions elvish >"$stage/$name/completions/oncehub-mcp.elv"
"$printer" completions powershell >"$stage/$name/completions/_oncehub-mcp.ps1"

cd "$stage"
case $target in
  *-windows-*) archive=$folder/$name.zip && rm -f "$archive" && zip -qrX "$archive" "$name" ;;
  *) archive=$folder/$name.tar.gz && tar -czf "$archive" --owner=0 --group=0 "$name" ;;
esac
echo "$archive"
