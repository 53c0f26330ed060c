#!/usr/bin/env python3
"""tests/run.py itself, on made-up programs: what counts as passed, failed and skipped, the sum line, the exit code."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("REALLIVE_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tests"))
from support.tap import Tap  # noqa: E402

# A program in the manner of GoogleTest: CASES become its report, then the rest is done.
GTEST = """
import json, os, signal, subprocess, sys, time
report = [argument.split("json:", 1)[1] for argument in sys.argv if argument.startswith("--gtest_output=json:")][0]
suites = [{"name": "Suite", "testsuite": [{"name": f"Case{at}", "status": "RUN", "result": "COMPLETED", **more}
                                          for at, more in enumerate(CASES)]}]
open(report, "w").write(json.dumps({"testsuites": suites}))
"""
PASSED, FAILED, SKIPPED = {}, {"failures": [{"failure": "no"}]}, {"result": "SKIPPED"}
LEFT_OUT = {"status": "NOTRUN", "result": "SUPPRESSED"}


def gtest(*cases, then=""):
    return "gtest", f"CASES = {list(cases)!r}\n{GTEST}\n{then}"


def without_report(code):
    return "gtest", f"import os, signal, sys, time\n{code}"


def tap(*lines, then=""):
    return "tap", "import os, sys, subprocess, tempfile, time\n" + "".join(f"print({line!r})\n" for line in lines) + then


@contextlib.contextmanager
def tree(programs, floor):
    """A copy of the runner beside a `meson` that knows these programs: {SUITE/NAME: (protocol, code)}."""
    with tempfile.TemporaryDirectory() as directory:
        top = pathlib.Path(directory)
        for part in ("tests/support", "bin", "build", "programs", "tmp"):
            (top / part).mkdir(parents=True)
        shutil.copy(ROOT / "tests/run.py", top / "tests")
        shutil.copy(ROOT / "tests/support/run_secrets.py", top / "tests/support")
        (top / "tests/floor").write_text(f"{floor}\n")
        listing = []
        for name, (protocol, code) in programs.items():
            suite, program = name.split("/")
            path = top / "programs" / f"{program}.py"
            path.write_text(code)
            listing.append({"name": program, "suite": [f"reallive:{suite}", "reallive:all"], "protocol": protocol, "env": {},
                            "cmd": [sys.executable, str(path)], "workdir": None, "timeout": 60 if program != "hangs" else 1,
                            "is_parallel": program != "alone"})
        (top / "tests.json").write_text(json.dumps(listing))
        (top / "bin/meson").write_text(f'#!/bin/sh\n[ "$1 $2" = "introspect --tests" ] && cat {top}/tests.json\n')
        (top / "bin/gst-inspect-1.0").write_text("#!/bin/sh\nexit 1\n")
        for path in (top / "bin").iterdir():
            path.chmod(0o755)
        yield top


def run(programs, *arguments, is_ci=False, floor=0):
    """The exit code and the lines that were printed."""
    with tree(programs, floor) as top:
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        environment.update(PATH=f"{top}/bin:{os.environ['PATH']}", TMPDIR=str(top / "tmp"), **({"CI": "true"} if is_ci else {}))
        done = subprocess.run([sys.executable, str(top / "tests/run.py"), str(top / "build"), *arguments], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=100)
        left = sorted(path.name for path in (top / "tmp").iterdir())
        assert not left, f"the runner left {left}"
        return done.returncode, done.stdout.splitlines()


def sums(programs, expected, *arguments, reason="", absent="", **how):
    """A case: the last line is `expected`, the exit code goes by it, and `reason` is said."""
    # A filter keeps the checks of whole runs (floor, recorded secrets) out of the way.
    arguments = arguments or ("area",)

    def body():
        code, lines = run(programs, *arguments, **how)
        text = "\n".join(lines)
        assert lines[-1] == expected, text
        assert code == (0 if " 0 failed" in expected else 1), f"{code}\n{text}"
        assert reason in text, text
        assert not absent or absent not in text, text
    return body


def record(kind, text):
    return f"open(os.environ['REALLIVE_TEST_RECORD'] + '/{kind}-1', 'a').write({text!r})\n"


SECRET = "tangerine-harbour-42"
SAID = record("said", json.dumps({"password": SECRET}) + "\n") + record("said", 'Authorization: Bearer aaaa.bbbb.cccc\n')
# Enough for a whole run to believe that tests record.
MUCH = "".join(record("secret", f"secret-number-{number}-of-many\n") for number in range(100)) + \
    "for number in range(20): open(os.environ['REALLIVE_TEST_RECORD'] + f'/log-{number}0', 'w').write('started')\n"
FINE = {"area/fine": gtest(PASSED, PASSED), "area/tap": tap("ok 1 - one", "    not ok 1 - inner", "1..1")}


def main():
    one = Tap()

    def case(name, *arguments, **how):
        one.case(name, sums(*arguments, **how))

    case("what passes is summed up over all programs", FINE, "3 passed, 0 failed")
    case("programs that must run alone run too", {**FINE, "area/alone": gtest(PASSED)}, "4 passed, 0 failed")
    case("figures that a case recorded are shown", {"area/one": gtest(PASSED, {"longest_push_us": "12"})}, "2 passed, 0 failed",
         reason="figures: Suite.Case1 longest_push_us 12")
    case("a failed case", {**FINE, "area/bad": gtest(PASSED, FAILED)}, "4 passed, 1 failed", reason="- Suite.Case1")
    case("a failed TAP case", {"area/bad": tap("ok 1 - one", "not ok 2 - two", "1..2")}, "1 passed, 1 failed", reason="- two")
    case("what a failed program printed is shown", {"area/bad": gtest(FAILED, then="print('the reason why')")},
         "0 passed, 1 failed", reason="| the reason why")
    case("a crash after the report", {"area/bad": gtest(PASSED, then="os.kill(os.getpid(), signal.SIGSEGV)")},
         "1 passed, 1 failed", reason="ended with code -11")
    case("a crash before it", {"area/bad": without_report("os.kill(os.getpid(), signal.SIGSEGV)")}, "0 passed, 1 failed",
         reason="wrote no report")
    case("no report, although all seems well", {"area/bad": without_report("")}, "0 passed, 1 failed", reason="wrote no report")
    case("an exit code that no case explains", {"area/bad": gtest(PASSED, then="sys.exit(3)")}, "1 passed, 1 failed",
         reason="ended with code 3")
    case("no case at all", {"area/bad": gtest()}, "0 passed, 1 failed", reason="ran no case")
    case("cases that are left out are none", {"area/bad": gtest(LEFT_OUT)}, "0 passed, 1 failed", reason="ran no case")
    case("fewer TAP cases than planned", {"area/bad": tap("ok 1 - one", "1..2")}, "1 passed, 1 failed", reason="planned 2 cases, ran 1")
    case("no TAP plan", {"area/bad": tap("ok 1 - one")}, "1 passed, 1 failed", reason="printed no TAP plan")
    case("a program that hangs is ended at its limit", {"area/hangs": without_report("time.sleep(1000)")},
         "0 passed, 1 failed", reason="still running after 1 s")
    case("a process that is left running",
         {"area/bad": gtest(PASSED, then="subprocess.Popen(['sleep', '1000'], stdout=subprocess.DEVNULL)")},
         "1 passed, 1 failed", reason="left processes running")
    case("a file that is left behind", {"area/bad": gtest(PASSED, then="open(os.environ['TMPDIR'] + '/rest', 'w')")},
         "1 passed, 1 failed", reason="left files behind: rest")
    case("a skipped case is told", {"area/some": gtest(PASSED, SKIPPED)}, "1 passed, 0 failed, 1 skipped")
    case("a skipped TAP case is told", {"area/some": tap("ok 1 - one", "ok 2 - two # SKIP no device", "1..2")},
         "1 passed, 0 failed, 1 skipped")
    case("under CI=true a skipped case fails", {"area/some": gtest(PASSED, SKIPPED)}, "1 passed, 1 failed", is_ci=True)
    case("under CI=true a skipped TAP case fails", {"area/some": tap("ok 1 # skip", "1..1")}, "0 passed, 1 failed", is_ci=True)
    case("a filter that matches nothing", FINE, "0 passed, 1 failed", "elsewhere/", reason="no test program matches 'elsewhere/'")
    case("a filter leaves the others out", {**FINE, "other/bad": gtest(FAILED)}, "3 passed, 0 failed", "area/")
    case("repeats are summed up", FINE, "9 passed, 0 failed", "area", "--repeat", "3")

    much = {**FINE, "area/recording": gtest(PASSED, then=MUCH)}
    case("a whole run reaches the floor", much, "5 passed, 0 failed", "", floor=5)
    case("a whole run below the floor fails", much, "5 passed, 1 failed", "", floor=6,
         reason="only 5 cases ran; tests/floor says there are at least 6")
    case("the floor is for whole runs", much, "5 passed, 0 failed", "area", floor=500)
    case("a whole run in which nothing was recorded fails", FINE, "3 passed, 1 failed", "",
         reason="only 0 secrets and 0 servers' logs were recorded")

    log = record("log", "10:00 GET /healthz 200\n")
    case("a log without secrets", {"area/server": gtest(PASSED, then=SAID + log)}, "2 passed, 0 failed")
    planted = record("log", f"10:00 a wrong password: {SECRET}!\n")
    case("a log that tells the secret of another program",
         {"area/one": gtest(PASSED, then=SAID), "area/server": gtest(PASSED, then=planted)}, "2 passed, 1 failed",
         reason="a wrong password: [a secret]!", absent=SECRET)
    case("a token in a log", {"area/server": gtest(PASSED, then=SAID + record("log", "sent aaaa.bbbb.cccc\n"))},
         "1 passed, 1 failed", reason="sent [a secret]")
    case("a secret that a test program itself prints", {"area/one": gtest(PASSED, then=SAID + f"print({SECRET!r})")},
         "1 passed, 1 failed", reason="log-of-area-one")
    case("the password in an address", {"area/one": gtest(PASSED, then=record("said", "rtsp://me:p%40ssword-1@cam/a\n") +
                                                           record("log", "tried p@ssword-1\n"))},
         "1 passed, 1 failed", reason="tried [a secret]")
    case("a password as addresses write it", {"area/one": gtest(PASSED, then=record("said", '{"password": "p@ss word/1"}') +
                                                                record("log", "tried p%40ss%20word%2F1\n"))},
         "1 passed, 1 failed", reason="tried [a secret]")
    case("texts too short for a secret", {"area/one": gtest(PASSED, then=record("said", '{"token": "abc"}') + SAID +
                                                             record("log", "abc\n"))}, "2 passed, 0 failed")
    case("the set-up link is printed for people", {"area/one": gtest(PASSED, then=record("said", '{"token": "one-time-token"}') +
                                                                     record("log", "http://[::1]/setup#one-time-token\n"))},
         "2 passed, 0 failed")
    case("its token anywhere else is told", {"area/one": gtest(PASSED, then=record("said", '{"token": "one-time-token"}') +
                                                               record("log", "POST one-time-token\n"))},
         "1 passed, 1 failed", reason="POST [a secret]")
    return one.done()


if __name__ == "__main__":
    sys.exit(main())
