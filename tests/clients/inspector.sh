#!/usr/bin/env bash
# The server as MCP Inspector's command line sees it, in both protocol eras, on the simulated account:
# each tool as it works, and as it fails.
set -euo pipefail
cd "$(dirname "$0")/typescript"

inspect() { node_modules/.bin/mcp-inspector --cli "$ONCEHUB_MCP_BINARY" --sandbox --log error "$@" 2>&1; }

# A value of the first item of a list that the inspector printed.
first() { node -e '
  const result = JSON.parse(require("fs").readFileSync(0, "utf8"));
  console.log((result.structuredContent ?? result.result?.structuredContent).items[0][process.argv[1]]);' "$1"; }

# Each tool in four lines: its name, what it is called with to work and to fail, and the failure's type.
table() { node -e '
  const calls = JSON.parse(require("fs").readFileSync("../calls.json", "utf8"));
  for (const [tool, { works, fails, refused }] of Object.entries(calls))
    console.log([tool, JSON.stringify(works), JSON.stringify(fails), refused.type].join("\n"));'; }

passed=0 failed=0
fail() {
  printf 'FAILED %s\n' "$@"
  failed=$((failed + 1))
}
# Counts an output that has every one of the patterns, and neither a warning nor a failure that is not among them.
check() {
  local label=$1 output=$2 pattern missing= unwanted='warn|\berror:'
  for pattern in "${@:3}"; do grep -qE "$pattern" <<<"$output" || missing+=" $pattern"; done
  [[ "${*:3}" == *'exit code'* ]] || unwanted+='|^exit code'
  if [ -n "$missing" ] || grep -qiE "$unwanted" <<<"$output"; then
    fail "$label${missing:+, without$missing}" "$output"
  else
    passed=$((passed + 1))
  fi
}

in_era() {
  local era=$1 tool works fails type listed coming past slot
  method() { inspect --protocol-era "$era" --method "$@" || echo "exit code $?"; }
  call() { method tools/call --tool-name "$1" --tool-args-json "$2" "${@:3}"; }

  listed=$(method tools/list --strict)
  check "$era tools/list --strict" "$listed"
  coming=$(call list_bookings '{"starts_after": "tomorrow", "status": ["scheduled"], "calendar": "Intro call"}' | first id)
  past=$(call list_bookings '{"status": ["completed"], "limit": 1}' | first id)
  slot=$(call get_booking_time_slots '{"calendar_id": "Intro call", "start_time": "+2d"}' | first start_time)

  while read -r tool <&3 && read -r works <&3 && read -r fails <&3 && read -r type <&3; do
    grep -q "\"name\": \"$tool\"" <<<"$listed" || fail "$era: $tool is not listed"
    check "$era $tool" "$(call "$tool" "$works")" '"structuredContent": \{' '"isError": false'
    check "$era $tool fails" "$(call "$tool" "$fails")" "\"type\": \"$type\"" '"isError": true' tool_is_error '^exit code 5$'
  done 3< <(table | sed "s/\$coming/$coming/g; s/\$past/$past/g; s/\$slot/$slot/g")
  [ "$(grep -c '"inputSchema"' <<<"$listed")" = "$(($(table | wc -l) / 4))" ] || fail "$era: there are other tools"

  # What an operator sets holds here too; and the inspector's command line cannot ask anybody.
  listed=$(method tools/list -e ONCEHUB_MCP_READ_ONLY=true)
  check "$era read-only" "$listed" '"name": "list_contacts"'
  ! grep -q '"readOnlyHint": false' <<<"$listed" || fail "$era: read-only tools that change something"
  local tom='{"contact_id": "tom@ashcroft.example"}'
  check "$era a hidden tool" "$(call delete_contact "$tom" -e ONCEHUB_MCP_READ_ONLY=true)" tool_not_found '^exit code 5$'
  check "$era confirm always" "$(call delete_contact "$tom" -e ONCEHUB_MCP_CONFIRM=always)" \
    '"type": "not_confirmed"' '"isError": true' '^exit code 5$'

  echo "Inspector, $era: $passed passed, $failed failed"
  [ "$failed" = 0 ]
}

in_era legacy & legacy=$!
in_era modern & modern=$!
wait "$legacy" || failed=1
wait "$modern" || failed=1
[ "$failed" = 0 ]
