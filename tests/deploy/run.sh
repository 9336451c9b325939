#!/usr/bin/env bash
# What an operator takes from deploy/, read by the programs that read it there: the unit by systemd, alerts and the
# expressions of the dashboard by Prometheus, the compose files by a reader of those and by Caddy, Valkey and this program.
# Usage: tests/deploy/run.sh PROMTOOL PYTHON VALKEY_SERVER
set -euo pipefail
cd "$(dirname "$0")/../.."
promtool=$1 python=$2 valkey=$3
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

# The program need not be installed here. systemd only warns of what it does not know.
sed 's#^ExecStart=[^ ]*#ExecStart=/bin/true#' deploy/oncehub-mcp.service >"$scratch/oncehub-mcp.service"
said=$(systemd-analyze verify --man=no "$scratch/oncehub-mcp.service" 2>&1) && [ -z "$said" ] || {
  printf 'deploy/oncehub-mcp.service: %s\n' "$said" >&2
  exit 1
}
# From 0, with the most settings that confine a service, to 100.
systemd-analyze security --offline=true --threshold=20 "$scratch/oncehub-mcp.service" | tail -n 1

"$promtool" check rules deploy/prometheus/alerts.yml
"$promtool" test rules deploy/prometheus/alerts.test.yml

# Each panel's expression as a rule, with what Grafana fills in.
python3 - deploy/grafana/oncehub-mcp.json >"$scratch/panels.yml" <<'PYTHON'
import json, sys

board = json.load(open(sys.argv[1]))
filled = lambda text: text.replace("$__rate_interval", "5m").replace("$job", "oncehub-mcp")
targets = [target for panel in board["panels"] for target in panel["targets"]]
rules = [{"record": f"panel:{number}", "expr": filled(target["expr"])} for number, target in enumerate(targets)]
json.dump({"groups": [{"name": "panels", "rules": rules}]}, sys.stdout)
PYTHON
"$promtool" check rules "$scratch/panels.yml"

# Caddy and the reader are beside Python: tests/deploy/requirements.txt.
"$python" tests/deploy/replicas.py "$ONCEHUB_MCP_BINARY" "$(dirname "$python")/caddy" "$valkey" "$(command -v redis-cli)"
