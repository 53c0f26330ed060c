#!/usr/bin/python3
"""The server behind Debian's nginx: below a path that nginx keeps, below one that it takes away, and at the top."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("REALLIVE_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tests"))
from support.serve import PASSWORD, answers, ask, free_port, server, wait_for  # noqa: E402
from support.tap import Tap  # noqa: E402

NGINX = "/usr/sbin/nginx"
FILES = ROOT / "tests/support/nginx"


@contextlib.contextmanager
def nginx(directory, port, location, target):
    """In front of `target`, whose requests come below `location`."""
    shutil.copytree(FILES, directory)
    (directory / "server.conf").write_text(
        f"listen 127.0.0.1:{port};\nlocation {location} {{ proxy_pass {target}; include forward.conf; }}\n")
    with subprocess.Popen([NGINX, "-p", str(directory), "-c", str(directory / "nginx.conf"), "-e", "stderr"],
                          stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: answers(port), "nginx")
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def log_in(port, base):
    status, _, text = ask(port, "POST", base + "/api/v1/auth/login", {"username": "ann", "password": PASSWORD})
    assert status == 200, text
    return {"Authorization": "Bearer " + json.loads(text)["token"]}


def works_below(port, base, public):
    """Everything that names an address names one that works through the proxy."""
    def body():
        status, headers, page = ask(port, "GET", base + "/")
        assert status == 200 and f'<base href="{base}/"' in page, page[:500]
        assert "base-uri 'self'" in headers["content-security-policy"], headers
        asset = page.split('src="./assets/', 1)[1].split('"', 1)[0]
        status, headers, _ = ask(port, "GET", f"{base}/assets/{asset}")
        assert status == 200 and headers["content-type"].startswith("text/javascript"), (status, headers)
        assert ask(port, "GET", base + "/cameras/new")[2] == page, "the page's own routes"

        token = log_in(port, base)
        status, headers, text = ask(port, "POST", base + "/api/v1/cameras", {"name": "Yard " + str(port)}, token)
        assert status == 201 and headers["location"].startswith(base + "/api/v1/cameras/"), (status, headers)
        assert ask(port, "GET", headers["location"], headers=token)[0] == 200
        camera = json.loads(text)["id"]
        stream = json.loads(ask(port, "GET", f"{base}/api/v1/cameras/{camera}/stream", headers=token)[2])
        assert stream["whep"].startswith(f"{public}/whep/yard"), stream
        status, _, _ = ask(port, "GET", base + "/metrics")
        assert status == 401, f"the proxy speaks for somebody else: {status}"
    return body


def documented():
    text = (ROOT / "docs/configuration.md").read_text()
    shown = re.search(r"```nginx\nlocation /cams/ \{\n    proxy_pass \S+;\n(.*?)\}\n```", text, re.S)[1]
    used = (FILES / "forward.conf").read_text().split("\n", 1)[1]
    assert [line.strip() for line in shown.splitlines()] == used.splitlines(), shown


def main():
    tap = Tap()
    tap.case("nginx is set up as docs/configuration.md says", documented)
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name)
        front = free_port()
        public = f"http://127.0.0.1:{front}"
        trusted = "http.trusted_proxies=127.0.0.1"
        with server(top / "one", trusted, f"http.public_url={public}/cams") as back:
            with nginx(top / "kept", front, "/cams/", f"http://127.0.0.1:{back}"):
                tap.case("a path that nginx keeps", works_below(front, "/cams", public + "/cams"))
            with nginx(top / "taken", front, "/cams/", f"http://127.0.0.1:{back}/"):
                tap.case("a path that nginx takes away", works_below(front, "/cams", public + "/cams"))
        with server(top / "two", trusted) as back:
            with nginx(top / "top", front, "/", f"http://127.0.0.1:{back}"):
                tap.case("the top, with the address that the client uses", works_below(front, "", public))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
