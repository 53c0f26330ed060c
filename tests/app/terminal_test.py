#!/usr/bin/python3
"""Links on a terminal: as text and as a QR code that says the same; where no terminal is, as text alone."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("REALLIVE_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tests"))
from support.record import record  # noqa: E402
from support.serve import PASSWORD, ask  # noqa: E402
from support.tap import Tap  # noqa: E402
from support.terminal import on_terminal, qr_codes  # noqa: E402

LINK = re.compile(r"make the first one here: (\S+/setup#\S+)")
INVITE = re.compile(r"^  (\S+/invite#\S+)$", re.M)
SERVE = ["--set", "http.listen=127.0.0.1:0", "--set", "webrtc.listen=127.0.0.1:0"]


def link_at_start(data):
    def body():
        with on_terminal(["reallive", "serve", "--data", data, *SERVE]) as terminal:
            # The code is the last of what a start prints.
            text = terminal.read_until(qr_codes)
            links = LINK.findall(text)
            assert len(links) == 1 and qr_codes(text) == links, (links, qr_codes(text), text)
        record("log", terminal.text)
        assert terminal.process.returncode == 0, terminal.text
    return body


def text_alone(data):
    def body():
        with subprocess.Popen(["reallive", "serve", "--data", data, *SERVE], stdout=subprocess.PIPE, text=True) as process:
            try:
                lines = []
                while not lines or not lines[-1].startswith("or here: reallive user add"):
                    lines.append(process.stdout.readline())
                    assert lines[-1], lines
            finally:
                process.terminate()
                lines.append(process.communicate(timeout=20)[0])
        text = "".join(lines)
        record("log", text)
        assert len(LINK.findall(text)) == 1, text
        assert "\033" not in text and "█" not in text, text
    return body


def invitation(data):
    def body():
        subprocess.run(["reallive", "user", "add", "ann", "--role", "admin", "--password-stdin", "--data", data], check=True,
                       input=PASSWORD, text=True, stdout=subprocess.DEVNULL)
        command = ["reallive", "user", "invite", "--role", "admin", "--data", data, "--url", "http://cam.example:8080/",
                   "--set", "auth.registration=invite"]
        with on_terminal(command) as terminal:
            text = terminal.read_until(lambda text: False)
        links = INVITE.findall(text)
        record("secret", links[0].split("#")[1])
        assert len(links) == 1 and qr_codes(text) == links, (links, qr_codes(text), text)
        assert links[0].startswith("http://cam.example:8080/invite#"), links
        plain = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        record("secret", INVITE.findall(plain)[0].split("#")[1])
        assert len(INVITE.findall(plain)) == 1 and "\033" not in plain, plain
        assert INVITE.findall(plain) != links, "each is another"
    return body


def invitation_is_good_once(data):
    """The newcomer's road of `./dev run`: the printed link makes an admin, once."""
    def body():
        sets = ["--set", "auth.registration=invite"]
        command = ["reallive", "user", "invite", "--role", "admin", "--data", data, "--json", *sets,
                   "--url", "http://cam.example:8080"]
        made = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        record("secret", made["token"])
        assert made["url"] == f"http://cam.example:8080/invite#{made['token']}" and made["role"] == "admin", made
        with on_terminal(["reallive", "serve", "--data", data, *SERVE, *sets]) as terminal:
            text = terminal.read_until(lambda text: "not there yet" in text)
            port = int(re.search(r"listening http 127\.0\.0\.1:(\d+)", text)[1])
            account = {"username": "newcomer", "password": "mandarin-harbour-43", "invitation": made["token"]}
            status, _, answer = ask(port, "POST", "/api/v1/auth/register", account)
            assert status == 201 and json.loads(answer)["user"]["role"] == "admin", answer
            status, _, answer = ask(port, "POST", "/api/v1/auth/register", {**account, "username": "second"})
            assert status == 403 and "AUTH_ROLE_RESTRICTED" in answer, answer
        record("log", terminal.text)
    return body


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as directory:
        tap.case("the set-up link on a terminal, and its code", link_at_start(directory + "/one"))
        tap.case("the set-up link where no terminal is", text_alone(directory + "/one"))
        tap.case("an invitation on a terminal and elsewhere", invitation(directory + "/two"))
        tap.case("an invitation makes an account once", invitation_is_good_once(directory + "/two"))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
