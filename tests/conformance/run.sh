#!/usr/bin/env bash
# The official conformance suites, over HTTP, on the simulated account.
#
# The server as it is built for everybody (ONCEHUB_MCP_BINARY) has to pass each scenario that a server without the suite's
# fixtures can pass for real; with the fixtures (ONCEHUB_MCP_FIXTURES), everything that is scored of both revisions.
set -euo pipefail
cd "$(dirname "$0")"
output=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$output"' EXIT

# Starts a server, and sets `url` to its address.
serve() {
  local line=$output/address.${#servers[@]}
  mkfifo "$line"
  "$1" --sandbox --log error http --listen 127.0.0.1:0 >"$line" &
  servers+=($!)
  read -r _ _ _ _ url _ <"$line"
}

suite() { node "node_modules/$1/dist/index.js" server --url "$url" -o "$output" "${@:2}"; }

failed=0
# Runs one suite; its last lines tell the score, all of them what went wrong.
check() {
  local label=$1
  shift
  if suite "$@" >"$output/log" 2>&1; then
    # One scenario tells its checks, several tell a line each.
    local scenarios
    scenarios=$(grep -c '^✓' "$output/log" || true)
    printf 'ok     %s%s\n' "$label" "$([ "$scenarios" -lt 2 ] || echo ": $scenarios scenarios, $(grep -oE 'Total: .*' "$output/log")")"
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n' "$label"
    cat "$output/log"
  fi
}

serve "$ONCEHUB_MCP_BINARY"
for scenario in server-initialize ping tools-list prompts-list resources-list completion-complete \
  server-sse-multiple-streams dns-rebinding-protection server-session-lifecycle; do
  check "2025-11-25 $scenario" conformance --scenario "$scenario" --spec-version 2025-11-25 --expected-failures none.yml
done
for scenario in tools-list prompts-list resources-list completion-complete caching sep-2164-resource-not-found \
  server-sse-multiple-streams dns-rebinding-protection input-required-result-unsupported-methods http-header-validation; do
  check "2026-07-28 $scenario" conformance --scenario "$scenario" --spec-version 2026-07-28 --expected-failures none.yml
done
check "2026-07-28 server-stateless" conformance --scenario server-stateless --spec-version 2026-07-28 --expected-failures without-fixtures.yml

serve "$ONCEHUB_MCP_FIXTURES"
check "2025-11-25, all that is scored" conformance --requirements 2025-11-25 --expected-failures none.yml
check "2026-07-28, all that is scored" conformance --requirements 2026-07-28 --expected-failures without-tasks.yml
check "the suite of 0.1.16, all" conformance-0.1 --suite all --expected-failures none.yml

# The server that people sign in at. The person at its page is a script of the Python clients.
if "$1" sign_in.py >"$output/log" 2>&1; then
  printf 'ok     sign-in: %s\n' "$(grep -oE 'Total: .*' "$output/log")"
else
  failed=$((failed + 1))
  printf 'FAILED sign-in\n'
  cat "$output/log"
fi
exit "$((failed > 0))"
