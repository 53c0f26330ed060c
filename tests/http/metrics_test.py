#!/usr/bin/python3
"""Prometheus' own tool reads what /metrics says, and the figures count what happened."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("REALLIVE_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tests"))
from support.serve import ask, server  # noqa: E402
from support.tap import Tap  # noqa: E402


def metrics(port):
    status, headers, text = ask(port, "GET", "/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4"), (status, headers)
    return text


def passes_promtool(port):
    def body():
        done = subprocess.run(["promtool", "check", "metrics"], input=metrics(port), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return body


def counts_requests(port):
    def body():
        pattern = r'^reallive_http_requests_total\{method="GET",route="/healthz",status="200"\} (\d+)$'
        before = re.search(pattern, metrics(port), re.M)
        for _ in range(3):
            ask(port, "GET", "/healthz")
        text = metrics(port)
        after = re.search(pattern, text, re.M)
        assert int(after[1]) - int(before[1] if before else 0) == 3, text
        for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                     "process_start_time_seconds", "reallive_http_request_duration_seconds_bucket"):
            assert re.search(rf"^{name}\b", text, re.M), name
    return body


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name, server(pathlib.Path(name) / "data") as port:
        tap.case("a first scrape", lambda: metrics(port))
        tap.case("requests are counted", counts_requests(port))
        tap.case("promtool check metrics", passes_promtool(port))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
