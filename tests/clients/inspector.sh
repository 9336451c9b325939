#!/usr/bin/env bash
# The server as MCP Inspector's command line sees it, in both protocol eras, on the simulated account:
# each tool as it works, and as it fails; and each way to it over HTTP.
set -euo pipefail
cd "$(dirname "$0")/typescript"

# What it is given has its secrets in the open.
export MCP_INSPECTOR_SECRET_STORE=memory
inspector() { node_modules/.bin/mcp-inspector --cli "$@" 2>&1 || echo "exit code $?"; }
inspect() { inspector "$ONCEHUB_MCP_BINARY" --sandbox --log error "$@"; }

# A value of the first item of a list that the inspector printed.
first() { node -e '
  const result = JSON.parse(require("fs").readFileSync(0, "utf8"));
  console.log((result.structuredContent ?? result.result?.structuredContent).items[0][process.argv[1]]);' "$1"; }

# Each tool in four lines: its name, what it is called with to work and to fail, and the failure's type.
table() { node -e '
  const calls = JSON.parse(require("fs").readFileSync("../calls.json", "utf8"));
  for (const [tool, { works, fails, refused }] of Object.entries(calls))
    console.log([tool, JSON.stringify(works), JSON.stringify(fails), refused.type].join("\n"));'; }

# Each tool that opens a view in two lines: its name, and what it is called with to work.
views() { node -e '
  const views = JSON.parse(require("fs").readFileSync("../views.json", "utf8"));
  for (const [tool, works] of Object.entries(views)) console.log([tool, JSON.stringify(works)].join("\n"));'; }
# What the inspector says of a tool that opens a view.
app=('"hasApp":true' '"resourceUri":"ui://oncehub/' '"csp":\{\}' '"prefersBorder":true' 'text/html;profile=mcp-app')

passed=0 failed=0
fail() {
  printf 'FAILED %s\n' "$@"
  failed=$((failed + 1))
}
# Counts an output that has every one of the patterns, and neither a warning nor a failure that is not among them.
check() {
  local label=$1 output=$2 pattern missing= unwanted='\bwarn(ing)?\b|\berror:'
  for pattern in "${@:3}"; do grep -qE "$pattern" <<<"$output" || missing+=" $pattern"; done
  [[ "${*:3}" == *'exit code'* ]] || unwanted+='|^exit code'
  if [ -n "$missing" ] || grep -qiE "$unwanted" <<<"$output"; then
    fail "$label${missing:+, without$missing}" "$output"
  else
    passed=$((passed + 1))
  fi
}

in_era() {
  local era=$1 tool works fails type listed coming past slot calendar
  method() { inspect --protocol-era "$era" --method "$@"; }
  call() { method tools/call --tool-name "$1" --tool-args-json "$2" "${@:3}"; }

  listed=$(method tools/list --strict)
  check "$era tools/list --strict" "$listed"
  coming=$(call list_bookings '{"starts_after": "tomorrow", "status": ["scheduled"], "calendar": "Intro call"}' | first id)
  past=$(call list_bookings '{"status": ["completed"], "limit": 1}' | first id)
  slot=$(call get_booking_time_slots '{"calendar_id": "Intro call", "start_time": "+2d"}' | first start_time)

  while read -r tool <&3 && read -r works <&3 && read -r fails <&3 && read -r type <&3; do
    grep -q "\"name\": \"$tool\"" <<<"$listed" || fail "$era: $tool is not listed"
    # Each call is a process of its own, and a plan stays in the one that made it.
    [[ $works == *'$plan'* ]] || check "$era $tool" "$(call "$tool" "$works")" '"structuredContent": \{' '"isError": false'
    check "$era $tool fails" "$(call "$tool" "$fails")" "\"type\": \"$type\"" '"isError": true' tool_is_error '^exit code 5$'
  done 3< <(table | sed "s/\$coming/$coming/g; s/\$past/$past/g; s/\$slot/$slot/g")
  [ "$(grep -c '"inputSchema"' <<<"$listed")" = "$(($(table | wc -l) / 4))" ] || fail "$era: there are other tools"

  check "$era prompts/list" "$(method prompts/list)" '"name": "follow_up_no_shows"' '"title": "Follow up on no-shows"'
  check "$era prompts/get" "$(method prompts/get --prompt-name follow_up_no_shows --prompt-args 'host=Dana Reyes')" \
    '"role": "user"' 'host`: ..Dana Reyes' 'list_bookings'
  check "$era prompts/get fails" "$(method prompts/get --prompt-name nothing)" 'there is no prompt .nothing.' '^exit code [1-9]'
  check "$era resources/list" "$(method resources/list)" '"uri": "skill://follow-up-no-shows/SKILL.md"'
  check "$era resources/read" "$(method resources/read --uri skill://follow-up-no-shows/SKILL.md)" 'name: follow-up-no-shows'
  check "$era resources/templates/list" "$(method resources/templates/list)" '"uriTemplate": "oncehub://bookings/\{id\}"' \
    '"uriTemplate": "oncehub://calendars/\{id\}"' 'data:image/svg\+xml'
  calendar=$(call list_booking_calendars '{"name": "intro"}' | first id)
  check "$era a record" "$(method resources/read --uri "oncehub://calendars/$calendar")" '"mimeType": "application/json"' "$calendar"
  check "$era no record" "$(method resources/read --uri oncehub://bookings/BKNG-NOSUCHTHING)" 'OnceHub refused' '^exit code [1-9]'

  # Views in the chat, for a client that says that it has them.
  while read -r tool <&3 && read -r works <&3; do
    check "$era $tool" "$(call "$tool" "$works" --advertise-apps)" '"structuredContent": \{' '"as_of"' '"isError": false'
    check "$era $tool --app-info" "$(method tools/call --tool-name "$tool" --app-info --advertise-apps)" "${app[@]}"
    check "$era $tool without views" "$(method tools/call --tool-name "$tool" --app-info)" tool_not_found '^exit code 5$'
    check "$era $tool --views off" \
      "$(method tools/call --tool-name "$tool" --app-info --advertise-apps -e ONCEHUB_MCP_VIEWS=off)" tool_not_found '^exit code 5$'
  done 3< <(views)
  check "$era a view's document" "$(method resources/read --uri ui://oncehub/slots/before | grep -v '"text"')" \
    '"mimeType": "text/html;profile=mcp-app"'

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

# The server over HTTP, without a key of its own, before a simulated account: $url, and the account's $key.
started=()
start() {
  exec {said}< <(exec "$ONCEHUB_MCP_BINARY" "$@")
  started+=($!)
  read -r line <&"$said"
}
stop() {
  kill "${started[@]}"
  rm -r "$folder"
}
serve() {
  trap stop EXIT
  start sandbox --listen 127.0.0.1:0 --no-limits
  local account
  read -r account <&"$said"
  key=$(sed -E 's/.*ONCEHUB_API_KEY=([^ ]+).*/\1/' <<<"$account")
  ONCEHUB_API_URL=$(sed -E 's/.*ONCEHUB_API_URL=([^ ]+).*/\1/' <<<"$account") ONCEHUB_MCP_RATE_LIMIT=off start --log error http --listen 127.0.0.1:0
  url=$(grep -oE 'http://[^/]+' <<<"$line" | head -n 1)
}

over_http() {
  local era=$1 bearer="Authorization: Bearer $key" api_key="API-Key: $key" listed way path transport config
  local tom='{"contact_id": "tom@ashcroft.example"}'
  method() { inspector "$url$path" --transport "$transport" --protocol-era "$era" "${@:2}" --method "$1"; }
  call() { method tools/call --tool-name "$1" --tool-args-json "$2" "${@:3}"; }

  for way in /mcp:http /sse:http /sse:sse; do
    path=${way%:*} transport=${way#*:}
    listed=$(method tools/list --strict --header "$api_key")
    check "$era $way tools/list --strict" "$listed"
    [ "$(grep -c '"inputSchema"' <<<"$listed")" = "$(($(table | wc -l) / 4))" ] || fail "$era $way: there are other tools"
    check "$era $way Bearer" "$(call test_connection '{}' --header "$bearer")" '"isError": false' margaret@northlight.example
    check "$era $way no key" "$(method tools/list)" auth_required '^exit code [1-9]'
    check "$era $way --app-info" \
      "$(method tools/call --tool-name show_bookings --app-info --advertise-apps --header "$api_key")" "${app[@]}"
  done

  path=/mcp transport=http
  check "$era prompts/list" "$(method prompts/list --header "$api_key")" '"name": "follow_up_no_shows"'
  check "$era prompts/get" "$(method prompts/get --prompt-name follow_up_no_shows --prompt-args host=me --header "$api_key")" \
    '"role": "user"' 'list_bookings'
  check "$era a call" "$(call get_contact "$tom" --header "$api_key")" '"structuredContent": \{' '"isError": false'
  check "$era a failure" "$(call get_contact '{"contact_id": "nobody"}' --header "$bearer")" \
    '"type": "not_found"' tool_is_error '^exit code 5$'
  check "$era a wrong key" "$(call test_connection '{}' --header "API-Key: wrong")" \
    '"type": "authentication_error"' tool_is_error '^exit code 5$'
  listed=$(method tools/list --header "$api_key" --header "X-MCP-Readonly: true")
  check "$era read-only" "$listed" '"name": "list_contacts"'
  ! grep -q '"readOnlyHint": false' <<<"$listed" || fail "$era: read-only tools that change something"
  check "$era a hidden tool" "$(call delete_contact "$tom" --header "$api_key" --header "X-MCP-Readonly: true")" \
    tool_not_found '^exit code 5$'

  # The vendor's own configuration. Where no type is given, this inspector takes a server for a program to be started.
  for transport in http sse; do
    config=$folder/$era-$transport.json
    sed "s#{ \"url\"#{ \"type\": \"$transport\", \"url\"#; s#http://HOST#$url#; s#KEY#$key#" ../vendor.json >"$config"
    check "$era, the vendor's configuration, $transport" \
      "$(inspector --config "$config" --server oncehub --protocol-era "$era" --method tools/call --tool-name test_connection)" \
      '"isError": false' margaret@northlight.example
  done

  echo "Inspector over HTTP, $era: $passed passed, $failed failed"
  [ "$failed" = 0 ]
}

folder=$(mktemp -d)
serve
in_era legacy & legacy=$!
in_era modern & modern=$!
over_http legacy & legacy_http=$!
over_http modern & modern_http=$!
wait "$legacy" || failed=1
wait "$modern" || failed=1
wait "$legacy_http" || failed=1
wait "$modern_http" || failed=1
[ "$failed" = 0 ]
