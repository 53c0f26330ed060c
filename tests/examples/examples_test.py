#!/usr/bin/python3
"""Every line in pipelines/examples and every gst-launch line in README.md runs, and media reaches each of its sinks.

Screens and loudspeakers are replaced by fakesinks that count what they get; nothing else is changed.
"""
import os
import pathlib
import re
import sys
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


def main():
    Gst.init(None)
    tap = Tap()
    lines = list(examples()) + list(readme_lines())
    tap.case("there are examples", lambda: None if len(lines) >= 4 else sys.exit("too few"))
    for name, line in lines:
        tap.case(name, runs(line))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
