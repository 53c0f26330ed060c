#!/usr/bin/env python3
"""`./dev fuzz NAME`: which targets run, and what fails. Programs that note their names stand for the built fuzzers."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("REALLIVE_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tests"))
from support.tap import Tap  # noqa: E402

KNOWN = sorted(path.name[:-len("_fuzz.cpp")] for path in (ROOT / "tests/fuzz").glob("*_fuzz.cpp"))


def program(path, code):
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)


@contextlib.contextmanager
def tree(codes):
    """The script beside this tree's targets, all built: by default they note their names; `codes` say otherwise."""
    with tempfile.TemporaryDirectory() as directory:
        top = pathlib.Path(directory)
        for part in ("packaging", "tests/fuzz/corpus", "build-fuzz/tests/fuzz", "bin"):
            (top / part).mkdir(parents=True)
        shutil.copy(ROOT / "dev", top)
        (top / "packaging/packages.txt").write_text("")
        (top / "build-fuzz/build.ninja").write_text("")
        program(top / "bin/ninja", f"touch {top}/built")
        for name in KNOWN:
            (top / f"tests/fuzz/{name}_fuzz.cpp").write_text("")
            if (code := codes.get(name, f"echo {name} >> {top}/ran")) is not None:
                program(top / f"build-fuzz/tests/fuzz/{name}_fuzz", code)
        yield top


def fuzz(name, codes):
    """Exit code, what was said, the targets that ran, whether anything was built."""
    with tree(codes) as top:
        environment = {key: value for key, value in os.environ.items() if key != "CI"}
        done = subprocess.run([str(top / "dev"), "fuzz", name], env={**environment, "PATH": f"{top}/bin:{os.environ['PATH']}"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
        ran = (top / "ran").read_text().split() if (top / "ran").exists() else []
        return done.returncode, done.stdout, ran, (top / "built").exists()


def runs(name, expected):
    def body():
        code, said, ran, _ = fuzz(name, {})
        assert (code, ran) == (0, expected), f"{code} {ran}\n{said}"
        assert f"{len(expected)} fuzz targets ran" in said, said
    return body


def unknown(name):
    def body():
        code, said, ran, built = fuzz(name, {})
        assert code != 0 and not ran and not built, f"{code} {ran} {built}\n{said}"
        assert all(target in said.split() for target in ["all", *KNOWN]), said
    return body


def fails(code_of_target, reason):
    def body():
        code, said, _, _ = fuzz("stun", {"stun": code_of_target})
        assert code != 0 and reason in said and "targets ran" not in said, f"{code}\n{said}"
    return body


def main():
    tap = Tap()
    for name in ("dtls_record", "dtls-record", "fuzz-dtls-record", "fuzz/fuzz-dtls-record"):
        tap.case(f"{name} is dtls_record", runs(name, ["dtls_record"]))
    tap.case("all are all", runs("all", KNOWN))
    for name in ("dtls", "dtls.record", "stun rtp", "."):
        tap.case(f"'{name}' is none", unknown(name))
    tap.case("a target that was not built fails", fails(None, "stun failed"))
    tap.case("a target that does not start fails", fails("echo no such library; exit 127", "no such library"))
    tap.case("a target that finds something fails", fails("touch build-fuzz/found/stun-crash", "see build-fuzz/found"))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
