#!/usr/bin/env bash
# Installs the hosts, as their makers publish them, and has them read what `oncehub-mcp install` writes.
# The interpreter with the packages of tests/clients/python is the first argument, or else the one on the search path.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --silent --no-audit --no-fund
exec "${1:-python3}" -m pytest -q .
