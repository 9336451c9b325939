#!/usr/bin/env bash
# What is handed out, as those who get it use it: the bundle in a host, the archive, the registry's entry, the crate, and the
# static binary where nothing else is. It wants the built program ($ONCEHUB_MCP_BINARY), Node, and tests/clients/typescript
# installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=${ONCEHUB_MCP_BINARY:-$PWD/target/debug/oncehub-mcp}
host=$(rustc -vV | sed -n 's/^host: //p')
work=$PWD/target/packages
rm -rf "$work"
mkdir -p "$work"

source tests/packages/check.sh
missing() { echo "NOT TRIED: $*"; }

echo "-- bundle"
[ -x packaging/mcpb/node_modules/.bin/mcpb ] || (cd packaging/mcpb && npm ci --silent --no-audit --no-fund)
# Without what a debugger wants it is a tenth as large, and packed in a tenth of the time.
strip -o "$work/oncehub-mcp" "$binary"
bundle=$(packaging/mcpb/pack.sh "$host" "$work/oncehub-mcp" "$work/dist" 2>"$work/pack.log") || { cat "$work/pack.log" && exit 1; }
check "validation" "$(cat "$work/pack.log")" 'Manifest schema validation passes' 'total files: 4'
packaging/mcpb/node_modules/.bin/mcpb unpack "$bundle" "$work/bundle" >/dev/null

# A host that starts it with these answers, and MCP Inspector as its client.
in_host() {
  node tests/packages/host.mjs "$work/bundle" "$1" >"$work/host.json"
  MCP_INSPECTOR_SECRET_STORE=memory tests/clients/typescript/node_modules/.bin/mcp-inspector --cli \
    --config "$work/host.json" --server oncehub "${@:2}" 2>&1 || echo "exit code $?"
}
tools() { grep -c '"inputSchema"' || true; }
everything=$(in_host '{}' --method tools/list | tools)
check "nothing filled in: every tool" "$everything" "^$(grep -c '"works":' tests/clients/calls.json)$"
check "nothing filled in: a call says what to do" "$(in_host '{}' --method tools/call --tool-name test_connection)" \
  configuration_error ONCEHUB_API_KEY
check "the simulated account" \
  "$(in_host '{"sandbox": true, "time_zone": "Asia/Tokyo"}' --method tools/call --tool-name test_connection)" \
  '"isError": false' margaret@northlight.example Asia/Tokyo
reading=$(in_host '{"sandbox": true, "read_only": true}' --method tools/list | tools)
check "read-only: fewer tools" "$([ "$reading" -gt 10 ] && [ "$reading" -lt "$everything" ] && echo fewer)" '^fewer$'

echo "-- archive"
archive=$(packaging/archive.sh "$host" "$work/oncehub-mcp" "$work/oncehub-mcp" "$work/dist")
tar -xzf "$archive" -C "$work"
unpacked=$work/$(basename "$archive" .tar.gz)
check "the archive's program" "$("$unpacked/oncehub-mcp" --version)" '^oncehub-mcp [0-9]'
completions=$unpacked/completions
check "completions in bash" "$(bash -c 'source "$1" && complete -p oncehub-mcp' bash "$completions/oncehub-mcp.bash" 2>&1)" \
  '^complete .*oncehub-mcp$'
if command -v fish >/dev/null; then
  check "completions in fish" \
    "$(PATH=$unpacked:$PATH fish --no-config -c 'source $argv[1] && complete -C "oncehub-mcp com"' "$completions/oncehub-mcp.fish" 2>&1)" '^completions'
else
  missing "completions in fish"
fi
if command -v zsh >/dev/null; then
  check "completions in zsh" "$(zsh -fc 'autoload -Uz compinit && compinit -D && source $1 && echo $_comps[oncehub-mcp]' zsh "$completions/_oncehub-mcp" 2>&1)" \
    '^_oncehub-mcp$'
else
  missing "completions in zsh"
fi
if command -v mandoc >/dev/null; then
  check "manual pages" "$(mandoc -T lint -W warning "$unpacked"/man/*.1 2>&1 && echo fine)" '^fine$'
elif command -v man >/dev/null; then
  check "manual pages" "$(for page in "$unpacked"/man/*.1; do man -l --warnings "$page" 2>&1 >/dev/null; done && echo fine)" '^fine$'
else
  missing "manual pages in man or mandoc"
fi

echo "-- registry"
node packaging/mcpb/registry.mjs "$work/dist" >"$work/server.json"
digest=$(sha256sum "$bundle" | cut -d' ' -f1)
check "the bundle in the registry" "$(cat "$work/server.json")" "\"fileSha256\": \"$digest\"" \
  "\"identifier\": \"https://.*/$(basename "$bundle")\"" '"registryType": "oci"'

echo "-- crate"
# It shares what is compiled already with target/, so that it costs one compilation of the crate.
said=$(cargo package --locked --allow-dirty --color never 2>&1) || failed=$((failed + 1))
check "the crate builds by itself" "$said" 'Verifying oncehub-mcp' 'Finished'
if grep -iE '^(warning|error)' <<<"$said"; then echo "$said" && failed=$((failed + 1)); fi

echo "-- static binary"
musl=${host%%-*}-unknown-linux-musl
target=$host
if [ -d "$(rustc --print sysroot)/lib/rustlib/$musl" ] && command -v musl-gcc >/dev/null; then
  target=$musl
else
  missing "$musl, which this toolchain has no standard library or C compiler for; instead, $host with its C library inside"
fi
name=${target^^}
export "CC_${musl//-/_}=musl-gcc"
# Nothing is measured here: what is not optimised is there sooner.
env "CARGO_TARGET_${name//-/_}_RUSTFLAGS=-C target-feature=+crt-static" cargo build --quiet --locked --bin oncehub-mcp \
  --target "$target" --config 'profile.dev.package."*".opt-level=0' --config 'profile.dev.debug=false'
tests/packages/empty-root.sh "target/$target/debug/oncehub-mcp" || failed=$((failed + 1))

echo "Packages: $passed passed, $failed failed"
[ "$failed" = 0 ]
