#!/usr/bin/python3
"""Every line in pipelines/examples and every gst-launch line in README.md runs, and media reaches each of its sinks.

Screens and loudspeakers are replaced by fakesinks that count what they get; nothing else is changed.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

ROOT = pathlib.Path(os.environ.get("REALLIVE_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tests"))
from support.tap import Tap  # noqa: E402

ENOUGH = 10
LIMIT_SECONDS = 30


def without_devices(line):
    return re.sub(r"\bauto(video|audio)sink\b|\bfakesink\b", "fakesink signal-handoffs=true sync=false", line)


def runs(line):
    def body():
        pipeline = Gst.parse_launch(without_devices(line))
        counts = {}

        def count(sink, *_):
            counts[sink.get_name()] += 1

        sinks = [element for element in pipeline.iterate_sinks() if element.get_factory().get_name() == "fakesink"]
        assert sinks, "nothing to look at in this line"
        for sink in sinks:
            counts[sink.get_name()] = 0
            sink.connect("handoff", count)
        bus = pipeline.get_bus()
        try:
            pipeline.set_state(Gst.State.PLAYING)
            end = time.monotonic() + LIMIT_SECONDS
            while min(counts.values()) < ENOUGH:
                message = bus.timed_pop_filtered(50 * Gst.MSECOND, Gst.MessageType.ERROR)
                assert message is None, message.parse_error()
                assert time.monotonic() < end, f"after {LIMIT_SECONDS} s the sinks had {counts}"
        finally:
            pipeline.set_state(Gst.State.NULL)
    return body


def examples():
    for path in sorted((ROOT / "pipelines/examples").glob("*.launch")):
        text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
        yield str(path.relative_to(ROOT)), text


def readme_lines():
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    for block in blocks:
        for command in re.findall(r"^gst-launch-1\.0 (.*)$", block.replace("\\\n", " "), re.M):
            yield f"README: gst-launch-1.0 {command[:50].strip()}", command


def readme_commands():
    """The blocks of the README that speak to `reallive`; comments at the ends of lines are dropped."""
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S):
        if re.search(r"^reallive |\| reallive ", block, re.M):
            yield re.sub(r"\s+#.*", "", block)


def commands_work(home):
    """Runs the blocks one after the other in one home, as a reader would; a server gets free ports and is stopped."""
    def body():
        environment = {**os.environ, "HOME": home}
        for block in readme_commands():
            for command in block.strip().splitlines():
                if not command.startswith("reallive serve"):
                    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
                    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
                    continue
                command += " --set http.listen=127.0.0.1:0 --set https.listen=off --set webrtc.listen=127.0.0.1:0"
                with subprocess.Popen(["bash", "-c", "exec " + command], env=environment, stdout=subprocess.PIPE, text=True) as server:
                    heard = [server.stdout.readline()]
                    while heard[-1] and "listening http" not in heard[-1]:
                        heard.append(server.stdout.readline())
                    server.terminate()
                    server.communicate(timeout=10)
                assert "listening http" in heard[-1], heard
    return body


def main():
    Gst.init(None)
    tap = Tap()
    lines = list(examples()) + list(readme_lines())
    tap.case("there are examples", lambda: None if len(lines) >= 4 else sys.exit("too few"))
    for name, line in lines:
        tap.case(name, runs(line))
    with tempfile.TemporaryDirectory() as home:
        tap.case("README: the reallive commands", commands_work(home))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
