#!/usr/bin/env python3
"""Runs the test programs that Meson knows, counts their cases, and ends with one line `N passed, N failed`.

Every program gets a home and a temporary directory of its own (left-over files fail it) and a copy of one plugin
registry made at the start, so that an installed plugin never answers for the built one. A program that crashes, runs
no case, or (under CI=true) skips one counts as failed. There are no retries. At the end everything that the run's
servers and programs printed is searched for every secret that the run used (support/run_secrets.py), as one more case.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

from support.run_secrets import RunSecrets

TOP = pathlib.Path(__file__).resolve().parent.parent
# What GoogleTest writes about a case itself; all else is the case's own.
GTEST_FIELDS = {"name", "file", "line", "status", "result", "timestamp", "time", "classname", "failures", "skipped",
                "type_param", "value_param"}
CI = os.environ.get("CI") == "true"
SANITIZER_ENVIRONMENT = {
    "asan": {
        "GST_REGISTRY_FORK": "no",
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:detect_odr_violation=0",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "LSAN_OPTIONS": f"suppressions={TOP}/tests/support/lsan.supp:print_suppressions=0",
        "G_SLICE": "always-malloc",
    },
    "tsan": {"TSAN_OPTIONS": f"halt_on_error=1:suppressions={TOP}/tests/support/tsan.supp"},
}


@dataclass
class Outcome:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    reasons: list = field(default_factory=list)
    figures: list = field(default_factory=list)  # what the tests recorded by RecordProperty()
    output: str = ""


def count_gtest(outcome, report):
    try:
        suites = json.loads(report.read_text())["testsuites"]
    except (OSError, ValueError, KeyError):
        outcome.reasons.append("wrote no report (crashed?)")
        return
    for suite in suites:
        for case in suite["testsuite"]:
            name = f'{suite["name"]}.{case["name"]}'
            outcome.figures += [f"{name} {key} {value}" for key, value in case.items() if key not in GTEST_FIELDS]
            if case.get("failures"):
                outcome.failed += 1
                outcome.reasons.append(name)
            elif case.get("result") == "SKIPPED" or case.get("status") == "NOTRUN":
                if case.get("result") != "SUPPRESSED":
                    outcome.skipped += 1
                    outcome.reasons.append(f"{name} (skipped)")
            else:
                outcome.passed += 1


def count_tap(outcome, text):
    plan = None
    seen = 0
    for line in text.splitlines():
        # Only the top level counts: sub-tests are indented and summed up by their parents.
        plan_line = re.match(r"1\.\.(\d+)", line)
        if plan_line:
            plan = int(plan_line[1])
        case = re.match(r"(not )?ok\b\s*\d*\s*-?\s*(.*)", line)
        if not case:
            continue
        seen += 1
        if re.search(r"#\s*(skip|todo)", case[2], re.I):
            outcome.skipped += 1
            outcome.reasons.append(f"{case[2]}")
        elif case[1]:
            outcome.failed += 1
            outcome.reasons.append(case[2])
        else:
            outcome.passed += 1
    if plan is None:
        outcome.reasons.append("printed no TAP plan")
    elif plan != seen:
        outcome.reasons.append(f"planned {plan} cases, ran {seen}")


def kill_group(process):
    """Ends what a program started and left running; True if there was something."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def group_ends(process, seconds=2.0):
    """Waits for a program's helpers that end because it ended (esbuild does); False if some stay."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def run_one(test, registry, record, extra_environment, time_factor):
    outcome = Outcome(f'{test["suite"][0].split(":")[-1]}/{test["name"]}')
    began = time.monotonic()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="reallive-run-"))
    try:
        temporary, home = scratch / "tmp", scratch / "home"
        temporary.mkdir()
        home.mkdir(mode=0o700)
        environment = {**os.environ, **test["env"], **extra_environment, "REALLIVE_TEST_RECORD": record}
        # Meson tells what is prepended to PATH without the PATH it goes before.
        environment["PATH"] = ":".join(filter(None, [test["env"].get("PATH"), os.environ["PATH"]]))
        environment.update(TMPDIR=str(temporary), HOME=str(home), XDG_RUNTIME_DIR=str(home), XDG_DATA_HOME=str(home / "data"),
                           XDG_CACHE_HOME=str(home / "cache"), XDG_CONFIG_HOME=str(home / "config"))
        if registry:
            shutil.copy(registry, scratch / "registry.bin")
            environment["GST_REGISTRY_1_0"] = str(scratch / "registry.bin")
        report = scratch / "report.json"
        command = list(test["cmd"])
        if test["protocol"] == "gtest":
            command.append(f"--gtest_output=json:{report}")
        with open(scratch / "output", "w+b") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                       cwd=test["workdir"] or TOP, env=environment, start_new_session=True)
            timed_out = False
            try:
                code = process.wait(timeout=(test["timeout"] or 600) * time_factor)
            except subprocess.TimeoutExpired:
                timed_out = True
                kill_group(process)
                code = process.wait()
            left_over = not timed_out and not group_ends(process) and kill_group(process)
            output.seek(0)
            outcome.output = output.read().decode("utf-8", "replace")
        if test["protocol"] == "gtest":
            count_gtest(outcome, report)
        else:
            count_tap(outcome, outcome.output)
        if timed_out:
            outcome.reasons.append(f'still running after {test["timeout"]} s')
        elif code != 0 and not outcome.failed:
            outcome.reasons.append(f"ended with code {code}")
        if left_over:
            outcome.reasons.append("left processes running")
        left_files = sorted(path.name for path in temporary.iterdir())
        if left_files:
            outcome.reasons.append(f"left files behind: {', '.join(left_files[:5])}")
        if CI:
            outcome.failed += outcome.skipped
        if not outcome.passed and not outcome.failed:
            outcome.reasons.append("ran no case")
        # Whatever is wrong beyond a failed case is a failure of its own.
        if outcome.reasons and not outcome.failed and (not outcome.skipped or outcome.skipped < len(outcome.reasons)):
            outcome.failed += 1
        if not outcome.failed:  # a failed case may quote what it compared
            (pathlib.Path(record) / f"log-of-{outcome.name.replace('/', '-')}-{process.pid}").write_text(outcome.output)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    outcome.seconds = time.monotonic() - began
    return outcome


def make_registry(build, extra_environment):
    """One plugin registry for the run: a cold one costs each program more than a second."""
    registry = pathlib.Path(build) / "test-registry.bin"
    registry.unlink(missing_ok=True)
    environment = {**os.environ, **extra_environment, "GST_REGISTRY_1_0": str(registry),
                   "GST_PLUGIN_PATH_1_0": str(pathlib.Path(build).resolve() / "gst-plugins")}
    if subprocess.run(["gst-inspect-1.0", "--version"], env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
        return None
    subprocess.run(["gst-inspect-1.0", "fakesink"], env=environment, stdout=subprocess.DEVNULL, check=False)
    return registry if registry.exists() else None


class ProcessList:
    """What everybody on the machine can read of the servers that run meanwhile: their command lines."""

    def __init__(self, record):
        self.path = pathlib.Path(record) / "log-process-list"
        self.seen = set()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def look(self):
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "exe").endswith("/reallive"):
                    words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                    if "serve" in words:  # what a person types to other commands is theirs
                        self.seen.add(" ".join(words))
            except OSError:
                pass  # it ended, or is somebody else's

    def watch(self):
        while not self.over.wait(0.5):
            self.look()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.path.write_text("\n".join(sorted(self.seen)))


def check_secrets(record, whole):
    """The case of the whole run; None where nothing was recorded, which a whole run must not say."""
    began = time.monotonic()
    run = RunSecrets(record)
    if not whole and not run.secrets:
        return None
    told = run.told()
    outcome = Outcome("house/secrets-of-the-run", passed=0 if told else 1, failed=1 if told else 0, reasons=told[:40])
    if whole and (len(run.secrets) < 100 or len(run.servers) < 20):
        outcome.passed, outcome.failed = 0, 1
        outcome.reasons.append(f"only {len(run.secrets)} secrets and {len(run.servers)} servers' logs were recorded")
    outcome.seconds = time.monotonic() - began
    print(f"searching {len(run.logs)} logs for {len(run.secrets)} secrets")
    return outcome


def report(outcome):
    word = "ok  " if not outcome.failed else "FAIL"
    detail = f"{outcome.passed} passed" + (f", {outcome.failed} failed" if outcome.failed else "")
    detail += f", {outcome.skipped} skipped" if outcome.skipped and not CI else ""
    print(f"{word} {outcome.name:<34} {detail:<24} {outcome.seconds:6.1f} s", flush=True)
    if outcome.figures:
        print(f"       figures: {', '.join(outcome.figures)}", flush=True)
    if outcome.failed:
        for reason in outcome.reasons:
            print(f"       - {reason}")
        lines = outcome.output.splitlines()
        for line in lines[-120:]:
            print(f"       | {line}")
        sys.stdout.flush()


def run_all(tests, registry, record, extra_environment, options):
    outcomes = []
    factor = 4 if options.sanitizer else 1
    for _ in range(options.repeat):
        together = [test for test in tests if test["is_parallel"]]
        alone = [test for test in tests if not test["is_parallel"]]
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            jobs = [pool.submit(run_one, test, registry, record, extra_environment, factor) for test in together]
            for job in concurrent.futures.as_completed(jobs):
                outcomes.append(job.result())
                report(outcomes[-1])
        for test in alone:
            outcomes.append(run_one(test, registry, record, extra_environment, factor))
            report(outcomes[-1])
    return outcomes


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("filter", nargs="?", default="", help="only programs whose SUITE/NAME contains this")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--suite", help="only programs that belong to this suite")
    parser.add_argument("--sanitizer", choices=SANITIZER_ENVIRONMENT)
    parser.add_argument("--page", help="where the built page lies, for a build without one")
    parser.add_argument("--phases", default="", help="what took how many seconds before: 'NAME SECONDS,…'")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    extra_environment = dict(SANITIZER_ENVIRONMENT.get(options.sanitizer, {}))
    if options.page:
        extra_environment["REALLIVE_WEB_DIR"] = str(pathlib.Path(options.page).resolve())
    tests = json.loads(subprocess.run(["meson", "introspect", "--tests", options.build], check=True,
                                      capture_output=True, text=True).stdout)
    tests = [test for test in tests
             if options.filter in f'{test["suite"][0].split(":")[-1]}/{test["name"]}'
             and (not options.suite or any(suite.split(":")[-1] == options.suite for suite in test["suite"]))]
    if options.sanitizer:  # a Python or gst-launch-1.0 without its run-time cannot load an instrumented plugin
        foreign = [test for test in tests if any(suite.split(":")[-1] == "foreign-host" for suite in test["suite"])]
        tests = [test for test in tests if test not in foreign]
        for test in foreign:
            print(f'left out of a sanitizer run: {test["suite"][0].split(":")[-1]}/{test["name"]} (loads plugins into other programs)')
    if not tests:
        print(f"no test program matches '{options.filter}'\n0 passed, 1 failed")
        return 1
    registry = make_registry(options.build, extra_environment)
    whole = not options.filter and not options.suite and not options.sanitizer and options.repeat == 1
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reallive-record-") as record:
        with ProcessList(record):
            outcomes = run_all(tests, registry, record, extra_environment, options)
        secrets = check_secrets(record, whole)
    if secrets:
        outcomes.append(secrets)
        report(secrets)

    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    skipped = 0 if CI else sum(outcome.skipped for outcome in outcomes)
    floor = int((TOP / "tests" / "floor").read_text())
    if whole and passed + failed < floor:
        print(f"only {passed + failed} cases ran; tests/floor says there are at least {floor}")
        failed += 1
    phases = [phase.rsplit(" ", 1) for phase in options.phases.split(",") if phase]
    phases.append(["test", str(int(time.monotonic() - began))])
    print("minutes: " + ", ".join(f"{name} {int(seconds) / 60:.1f}" for name, seconds in phases))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
