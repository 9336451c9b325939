#!/usr/bin/env bash
# Installs supergateway, as its maker publishes it, and has the server called through it and through mcp-proxy, which the variable
# MCP_PROXY names. The interpreter with the packages of tests/clients/python is the first argument, or else the one on the search
# path.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --silent --no-audit --no-fund
exec "${1:-python3}" -m pytest -q .
