#!/usr/bin/python3
"""The systemd unit: systemd itself finds nothing wrong with it, and little that it leaves open."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(os.environ["REALLIVE_BUILD_ROOT"])
sys.path.insert(0, str(pathlib.Path(os.environ["REALLIVE_SOURCE_ROOT"]) / "tests"))
from support.tap import Tap  # noqa: E402


def systemd(*arguments):
    def body():
        done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return body


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        text = (BUILD / "packaging/reallive.service").read_text()
        program = [line for line in text.splitlines() if line.startswith("ExecStart=")][0].split("=", 1)[1].split()[0]
        unit = pathlib.Path(name) / "reallive.service"
        # verify looks for the program, which is not installed here.
        unit.write_text(text.replace(program, str(BUILD / "orchestrator/app/reallive")))
        if shutil.which("systemd-analyze") is None:
            print("1..0 # SKIP there is no systemd-analyze here")
            return 0
        tap.case("systemd-analyze verify", systemd("verify", str(unit)))
        tap.case("systemd-analyze security: exposure at most 2.0",
                 systemd("security", "--offline=true", "--threshold=20", str(unit)))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
