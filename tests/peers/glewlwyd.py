# SPDX-License-Identifier: Apache-2.0
"""Debian's glewlwyd as its package configures it, with one public client and one person, and without a person before it.

Prints "READY <issuer> <control>". At <control>, all GET:
  /register?port=N   the client's redirect URI becomes http://127.0.0.1:N/callback (this provider wants the port, too)
  /browse?url=..     what the person's browser does: signs alice in, allows the client, follows the redirect to the application
  /revoke            alice ends all her sessions on the provider's own page
"""
import gzip
import http.cookiejar
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

DATABASE = pathlib.Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
PERSON = {"username": "alice", "password": "a secret of the test"}


class KeepsRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


class Visitor:
    """An HTTP client with cookies that follows nothing."""

    def __init__(self, base):
        self.base = base
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar, KeepsRedirects, urllib.request.ProxyHandler({}))

    def ask(self, method, url, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.base, url), data, {"Content-Type": "application/json"}, method=method)
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.headers, refusal.read()

    def must(self, method, url, body=None):
        status, _, answer = self.ask(method, url, body)
        if status != 200:
            sys.exit(f"{method} {url}: {status} {answer!r}")
        return answer


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def start(folder, port):
    base = f"http://127.0.0.1:{port}/"
    script = DATABASE.read_bytes()
    script = gzip.decompress(script) if script.startswith(b"\x1f\x8b") else script
    database = sqlite3.connect(folder / "db")
    database.executescript(script.decode())
    database.close()
    modules = "\n".join(f'{name}_module_path="/usr/lib/glewlwyd/{where}"' for name, where in (
        ("user", "user"), ("client", "client"), ("user_auth_scheme", "scheme"), ("plugin", "plugin")))
    (folder / "conf").write_text(f"""
port={port}
bind_address="127.0.0.1"
external_url="{base}"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="WARNING"
cookie_secure=0
session_key="S"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
login_api_enabled=true
admin_scope="g_admin"
profile_scope="g_profile"
{modules}
use_secure_connection=false
secure_connection_key_file="none"
secure_connection_pem_file="none"
hash_algorithm="SHA512"
database={{ type="sqlite3" path="{folder}/db" }}
""")
    process = subprocess.Popen(["glewlwyd", f"--config-file={folder}/conf"], stdout=sys.stderr)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, base
        except OSError:
            if process.poll() is not None:
                sys.exit("glewlwyd ended")
            time.sleep(0.05)
    sys.exit("glewlwyd does not listen")


def client(port):
    return {"client_id": "native", "name": "native", "enabled": True, "confidential": False, "scope": ["openid"],
            "redirect_uri": [f"http://127.0.0.1:{port}/callback"], "authorization_type": ["code", "refresh_token"],
            "token_endpoint_auth_method": ["none"]}


def configure(admin, folder, base):
    key, public = folder / "key", folder / "public"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    subprocess.run(["openssl", "ec", "-in", key, "-pubout", "-out", public], check=True, stderr=subprocess.DEVNULL)
    issuer = base + "api/oidc"
    admin.must("POST", "/api/auth/", {"username": "admin", "password": "password"})
    admin.must("POST", "/api/mod/plugin/", {
        "module": "oidc", "name": "oidc", "display_name": "oidc", "enabled": True, "order_rank": 0, "parameters": {
            "iss": issuer, "jwt-type": "ecdsa", "jwt-key-size": "256", "key": key.read_text(), "cert": public.read_text(),
            "access-token-duration": 3600, "refresh-token-duration": 1209600, "code-duration": 600,
            "refresh-token-rolling": True, "allow-non-oidc": True, "auth-type-code-enabled": True,
            "auth-type-refresh-enabled": True, "pkce-allowed": True, "pkce-method-plain-allowed": False}})
    admin.must("POST", "/api/client/", client(1))
    admin.must("POST", "/api/user/", PERSON | {"name": "Alice", "email": "alice@example.test", "enabled": True,
                                              "scope": ["openid", "g_profile"]})
    return issuer


def browse(base, url):
    alice = Visitor(base)
    alice.must("POST", "/api/auth/", PERSON)
    alice.must("PUT", "/api/auth/grant/native", {"scope": "openid"})
    _, headers, _ = alice.ask("GET", url + "&g_continue")
    if headers.get("Location"):
        Visitor(base).ask("GET", headers["Location"])


def revoke(base):
    alice = Visitor(base)
    alice.must("POST", "/api/auth/", PERSON)
    for token in json.loads(alice.must("GET", "/api/oidc/token/")):
        if token["enabled"]:
            alice.must("DELETE", "/api/oidc/token/" + urllib.parse.quote(token["token_hash"], safe=""))


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="glewlwyd-"))
    process, base = start(folder, free_port())

    def end(*_):
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    admin = Visitor(base)
    issuer = configure(admin, folder, base)

    class Control(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(parts.query))
            if parts.path == "/browse":  # answered at once: the application waits for its redirect, not for this
                threading.Thread(target=browse, args=(base, query["url"]), daemon=True).start()
            elif parts.path == "/register":
                admin.must("PUT", "/api/client/native", client(query["port"]))
            elif parts.path == "/revoke":
                revoke(base)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"done")

        def log_message(self, *_):
            pass

    control = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Control)
    print(f"READY {issuer} http://127.0.0.1:{control.server_port}", flush=True)
    control.serve_forever()


main()
