#!/usr/bin/env python3
"""Each part of meson_options.txt may be left out: the rest is configured without it (built it is not, that takes minutes)."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("REALLIVE_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tests"))
from support.tap import Tap  # noqa: E402

# The page and its tests stand on the program: who leaves out the one leaves out the other.
LEFT_OUT = [["channel"], ["rtc"], ["ipsec_mb"], ["orchestrator", "web"], ["tests"], ["load"]]


def configures(parts):
    def body():
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run(["meson", "setup", f"{directory}/build", str(ROOT), *(f"-D{part}=disabled" for part in parts)],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]
    return body


def main():
    tap = Tap()
    for parts in LEFT_OUT:
        tap.case(f"without {' and '.join(parts)}", configures(parts))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
