#!/usr/bin/env bash
# The views in the chat: types, format, and how they behave in Debian's Chromium under a host for tests and on the
# simulated account. UPDATE=1 takes the pictures of docs/views.md anew.
set -euo pipefail
cd "$(dirname "$0")"
export ONCEHUB_MCP_BINARY=${ONCEHUB_MCP_BINARY:-$PWD/../../target/debug/oncehub-mcp}

npm ci --silent --no-audit --no-fund
# One of the hosts is MCP Inspector, which the tests of the clients bring.
[ -x ../clients/typescript/node_modules/.bin/mcp-inspector ] || (cd ../clients/typescript && npm ci --silent --no-audit --no-fund)
for view in tsconfig.*.json; do npx tsc --project "$view"; done
npx prettier --config .prettierrc.json --check --log-level warn ../../src/apps/*.{js,css} ./*.{js,json,html}
# Most of the time a test waits for the browser.
node --test --test-concurrency=2 --test-timeout=120000
