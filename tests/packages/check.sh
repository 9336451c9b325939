# Sourced by the checks of packages.
passed=0 failed=0
# Counts an output that has every one of the patterns.
check() {
  local label=$1 output=$2 pattern
  for pattern in "${@:3}"; do
    if ! grep -qE "$pattern" <<<"$output"; then
      printf 'FAILED %s, without %s:\n%s\n' "$label" "$pattern" "$output"
      failed=$((failed + 1))
      return
    fi
  done
  passed=$((passed + 1))
}
