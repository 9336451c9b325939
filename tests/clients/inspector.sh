#!/usr/bin/env bash
# The server as MCP Inspector's command line sees it, in both protocol eras, on the simulated account.
set -euo pipefail
cd "$(dirname "$0")/typescript"

inspect() { node_modules/.bin/mcp-inspector --cli "$ONCEHUB_MCP_BINARY" --sandbox --log error "$@" 2>&1; }

# A value of the first item of a list that the inspector printed.
first() { node -e '
  const result = JSON.parse(require("fs").readFileSync(0, "utf8"));
  console.log((result.structuredContent ?? result.result?.structuredContent).items[0][process.argv[1]]);' "$1"; }

failed=0
check() {
  local label=$1 output=$2
  if grep -qiE '"isError": *true|warn|error:' <<<"$output"; then
    printf 'FAILED %s\n%s\n' "$label" "$output"
    failed=$((failed + 1))
  else
    passed=$((passed + 1))
  fi
}

passed=0
for era in legacy modern; do
  listed=$(inspect --protocol-era "$era" --method tools/list --strict)
  check "$era tools/list --strict" "$listed"
  count=$(grep -c '"inputSchema"' <<<"$listed" || true)
  [ "$count" = 12 ] || { echo "FAILED $era: $count tools"; failed=$((failed + 1)); }

  call() { inspect --protocol-era "$era" --method tools/call --tool-name "$@"; }
  coming=$(call list_bookings --tool-arg starts_after=tomorrow --tool-arg status=scheduled --tool-arg 'calendar=Intro call')
  check "$era list_bookings" "$coming"
  booking=$(first id <<<"$coming")
  past=$(call list_bookings --tool-arg status=completed --tool-arg limit=1 | first id)
  slots=$(call get_booking_time_slots --tool-arg 'calendar_id=Intro call' --tool-arg start_time=+2d)
  check "$era get_booking_time_slots" "$slots"
  start=$(first start_time <<<"$slots")

  check "$era test_connection" "$(call test_connection)"
  check "$era get_booking" "$(call get_booking --tool-arg "booking_id=$booking")"
  check "$era list_booking_calendars" "$(call list_booking_calendars)"
  check "$era get_booking_calendar" "$(call get_booking_calendar --tool-arg 'calendar_id=Intro call')"
  check "$era schedule_meeting" "$(call schedule_meeting --tool-arg 'calendar_id=Intro call' --tool-arg "start_time=$start" \
    --tool-arg guest_time_zone=Europe/London --tool-arg guest_name=Ada --tool-arg guest_email=ada@example.com)"
  check "$era cancel_booking" "$(call cancel_booking --tool-arg "booking_id=$booking" --tool-arg reason=ill)"
  check "$era request_reschedule" "$(call request_reschedule --tool-arg "booking_id=$booking")"
  check "$era reassign_booking" "$(call reassign_booking --tool-arg "booking_id=$booking" --tool-arg 'new_host=Lee Whitford')"
  check "$era mark_no_show" "$(call mark_no_show --tool-arg "booking_id=$past")"
  check "$era create_one_time_link" "$(call create_one_time_link --tool-arg 'calendar_id=Intro call')"
done
echo "Inspector: $passed passed, $failed failed"
[ "$failed" = 0 ]
