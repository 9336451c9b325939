"""What the documents print for an operator's own tools is what those tools take: nginx, systemd, a shell."""

import contextlib
import json
import os
import re
import shutil
import subprocess

import httpx2
import pytest

from sessions import BINARY
from test_recipes import ROOT, blocks
from test_shells import wanted

# A package's program is enough; nothing is installed for it.
NGINX = os.environ.get("NGINX") or shutil.which("nginx") or "/usr/sbin/nginx"
PUBLIC = "mcp.example.com"


@contextlib.contextmanager
def behind_a_proxy():
    """The server as the page starts it behind a proxy, and where it listens."""
    flags = ["--behind-proxy", "--require-forwarded-proto", "--public-url", f"https://{PUBLIC}", "--listen", "127.0.0.1:0"]
    command = [BINARY, "--log-format", "json", "http", *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        started = next(line for line in map(json.loads, server.stderr) if line["message"] == "started")
        try:
            yield started["address"]
        finally:
            server.terminate()
            server.stderr.read()


def configuration(folder, server):
    """The page's blocks for nginx in one server, which listens at a socket in this folder."""
    whole, path, several = blocks("hosting.md", "nginx")
    # "The same lines in this location."
    same = re.search(r"proxy_pass .*;\n([^}]*)\n    }", whole)[1]
    path = re.sub(r"proxy_pass .*;", lambda found: f"{found[0]}\n{same}", path)
    whole = whole.replace("    location / {", f"{path}\n    location / {{")
    whole = whole.replace("listen 443 ssl", f"listen unix:{folder}/socket ssl").replace("127.0.0.1:8000", "oncehub")
    whole = re.sub(r"127\.0\.0\.1:800[12]", server, several) + whole
    whole = whole.replace("/etc/ssl/mcp.example.com", str(folder))
    kept = "".join(f"{name}_temp_path {folder};\n" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
    text = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{kept}{whole}}}\n"
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    return [NGINX, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def test_nginx_takes_its_blocks_and_lets_through_what_they_name(tmp_path):
    if not os.access(NGINX, os.X_OK):
        wanted("nginx")
    key, chain = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    certificate = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", f"/CN={PUBLIC}"]
    subprocess.run([*certificate, "-keyout", key, "-out", chain], check=True, capture_output=True)
    with behind_a_proxy() as server:
        command = configuration(tmp_path, server)
        tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert tried.returncode == 0 and "[warn]" not in tried.stderr, tried.stderr
        with subprocess.Popen(command) as nginx:
            try:
                transport = httpx2.HTTPTransport(uds=str(tmp_path / "socket"), verify=False, retries=5)
                with httpx2.Client(transport=transport, base_url=f"https://{PUBLIC}") as http:
                    paths = ["/", "/mcp", "/healthz", "/readyz", "/metrics"]
                    for before in ["", "/oncehub"]:
                        seen = {path: http.get(before + path).status_code for path in paths}
                        assert seen == {"/": 200, "/mcp": 401, "/healthz": 200, "/readyz": 404, "/metrics": 404}, before
            finally:
                nginx.terminate()


def test_systemd_has_nothing_to_say_about_the_unit(tmp_path):
    wanted("systemd-analyze")
    unit = (ROOT / "deploy" / "oncehub-mcp.service").read_text(encoding="utf-8")
    assert "/usr/local/bin/oncehub-mcp" in unit
    path = tmp_path / "oncehub-mcp.service"
    path.write_text(unit.replace("/usr/local/bin/oncehub-mcp", BINARY), encoding="utf-8")
    said = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@pytest.mark.parametrize("page", ["README.md", *sorted(path.name for path in (ROOT / "docs").glob("*.md"))])
def test_shellcheck_has_nothing_to_say_about_what_is_typed(page):
    wanted("shellcheck")
    for block in blocks(page, "sh"):
        # What is typed is no script: `cd` is seen to fail. And the word 'then' is the program's, too.
        command = ["shellcheck", "--shell=bash", "--exclude=SC1010,SC2164", "-"]
        said = subprocess.run(command, input=block, capture_output=True, text=True, check=False)
        assert (said.returncode, said.stdout) == (0, ""), block
