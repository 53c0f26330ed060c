#!/usr/bin/env python3
"""`meson devenv -C build`, as the README says: a shell in which `reallive` and the plugins of this tree are found."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.tap import Tap  # noqa: E402

BUILD = pathlib.Path(os.environ["REALLIVE_BUILD_ROOT"])


def inside(*command):
    """What a command prints there. Nothing of this test's own environment tells where the tree is."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("GST_", "REALLIVE_"))}
        environment["PATH"] = ":".join(path for path in environment["PATH"].split(":") if not path.startswith(str(BUILD)))
        environment["GST_REGISTRY"] = directory + "/registry"
        done = subprocess.run(["meson", "devenv", "-C", str(BUILD), *command], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stdout
        return done.stdout


def program():
    said = inside("sh", "-c", "command -v reallive && reallive --version")
    assert said.splitlines()[0] == str(BUILD / "orchestrator/app/reallive"), said
    version = subprocess.run([BUILD / "orchestrator/app/reallive", "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.strip() and version.stdout in said, said


def element():
    said = inside("gst-inspect-1.0", "reallivertcsink")
    assert "Factory Details" in said and str(BUILD / "gst-plugins/rtc") in said, said


def main():
    tap = Tap()
    if (BUILD / "orchestrator/app/reallive").exists():
        tap.case("reallive is found", program)
    tap.case("the plugins are found", element)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
