#!/usr/bin/env python3
"""`./dev run` once everything is installed and built: what it tells the newcomer before the server serves."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(os.environ.get("REALLIVE_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ["REALLIVE_BUILD_ROOT"])
sys.path.insert(0, str(ROOT / "tests"))
from support.serve import wait_for  # noqa: E402
from support.tap import Tap  # noqa: E402

LISTEN = ["--set", "http.listen=127.0.0.1:0", "--set", "webrtc.listen=127.0.0.1:0"]
INVITE = re.compile(r"^  (\S+/invite#\S+)$", re.M)
SENTENCE = "make an account of your own by the link above, or"


def tree(top):
    """The script beside this tree's programs; nothing is missing, and nothing is built."""
    shutil.copy(ROOT / "dev", top)
    (top / "packaging").mkdir()
    (top / "packaging/packages.txt").write_text("")
    (top / "build").symlink_to(BUILD)
    (top / "bin").mkdir()
    (top / "bin/ninja").write_text("#!/bin/sh\n")
    (top / "bin/ninja").chmod(0o755)


def said(top, *settings):
    """What is printed until the server listens."""
    environment = {**os.environ, "PATH": f"{top}/bin:{os.environ['PATH']}", "REALLIVE_DEMO_DATA": str(top / "data"),
                   "HOME": str(top)}
    environment.pop("CI", None)
    with subprocess.Popen([str(top / "dev"), "run", *LISTEN, *settings], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        printed = []
        reader = threading.Thread(target=lambda: printed.extend(process.stdout))
        reader.start()
        try:
            with contextlib.suppress(AssertionError):  # the cases say what was printed instead
                wait_for(lambda: process.poll() is not None or any("listening http " in line for line in printed), "a listener")
        finally:
            process.terminate()
            process.wait(timeout=20)
            reader.join()
    text = "".join(printed)
    password = (top / "data/demo-password").read_text().strip()
    assert f"log in as admin with the password {password}\n" in text and "listening http " in text, text
    return text


def no_link(top):
    def body():
        text = said(top)
        assert "say where it is" in text, text
        assert not INVITE.findall(text) and SENTENCE not in text, text
    return body


def link(top):
    def body():
        text = said(top, "--set", "http.public_url=https://cam.example")
        links = INVITE.findall(text)
        assert len(links) == 1 and links[0].startswith("https://cam.example/invite#"), text
        assert text.index(links[0]) < text.index(SENTENCE) < text.index("log in as admin"), text
    return body


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as directory:
        top = pathlib.Path(directory)
        tree(top)
        tap.case("a link that is refused is not spoken of", no_link(top))
        tap.case("the link for an account of one's own, and what it is for", link(top))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
