#!/usr/bin/env bash
# Runs a program where there is nothing but itself: no C library, no shell, no name service. With the certificates of
# authorities beside it, it has all that it needs; without them it has to say so.
#   tests/packages/empty-root.sh PROGRAM
set -euo pipefail
program=$1
folder=$(mktemp -d)
served=
trap '[ -z "$served" ] || kill "$served"; rm -r "$folder"' EXIT

root=$folder/root
mkdir -p "$root/etc/ssl/certs"
install -m 755 "$program" "$root/oncehub-mcp"
enter=(chroot)
if [ "$(id -u)" != 0 ]; then
  enter=(unshare -r chroot)
  "${enter[@]}" / true 2>/dev/null || enter=(sudo -n chroot)
fi
# With none of the settings of the person who runs this.
inside() { env -i "${settings[@]}" "$(command -v "${enter[0]}")" "${enter[@]:1}" "$root" /oncehub-mcp "$@" 2>&1; }
settings=(NO_COLOR=1)

source "$(dirname "$0")/check.sh"

check "version" "$(inside --version)" '^oncehub-mcp [0-9]'
check "sandbox" "$(inside --sandbox call test_connection)" margaret@northlight.example
check "time zones" "$(inside --sandbox --time-zone Asia/Kathmandu call test_connection)" Asia/Kathmandu
check "manual" "$(inside man)" '^\.TH oncehub-mcp 1 '

# OnceHub's far side over TLS, with an authority of this test's own.
(
  cd "$folder"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=An authority" -keyout ca.key -out ca.pem
  openssl req -newkey rsa:2048 -nodes -subj "/CN=A server" -keyout server.key -out server.csr
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem \
    -extfile <(echo "subjectAltName=IP:127.0.0.1")
) 2>/dev/null
exec {said}< <(exec python3 - "$folder" <<'PYTHON'
import http.server
import ssl
import sys


class Test(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"message": "The API key is valid for account: empty@root.example"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Test)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{sys.argv[1]}/server.pem", f"{sys.argv[1]}/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
)
served=$!
read -r port <&"$said"
settings+=(ONCEHUB_API_URL="https://127.0.0.1:$port" ONCEHUB_API_KEY=a-key ONCEHUB_MCP_TIMEOUT=5)

bundle=$root/etc/ssl/certs/ca-certificates.crt
check "without certificates" "$(inside check || true)" '^bad +network .*No CA certificates were loaded' 'hint: .*SSL_CERT_FILE'
cp "$folder/ca.pem" "$root/ca.pem"
settings+=(SSL_CERT_FILE=/ca.pem)
check "certificates elsewhere" "$(inside check)" '^ok +network'
unset 'settings[-1]'
cp /etc/ssl/certs/ca-certificates.crt "$bundle"
check "an authority that is not among them" "$(inside check || true)" '^bad +network .*UnknownIssuer' 'hint: .*SSL_CERT_FILE'
cp "$folder/ca.pem" "$bundle"
check "the authority's certificate" "$(inside check)" '^ok +network' 'empty@root.example' '^ok +clock'
# A name cannot be looked up here, and that has to be said.
settings+=(ONCEHUB_API_URL=https://oncehub.invalid)
check "no name service" "$(inside check || true)" '^bad +network .*the name cannot be resolved' 'hint: '

echo "In an empty root: $passed passed, $failed failed"
[ "$failed" = 0 ]
