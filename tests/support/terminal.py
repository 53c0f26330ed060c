"""A program on a terminal: its output through a pseudo-terminal, and the QR codes that stand in it."""
import contextlib
import os
import pty
import re
import select
import subprocess
import time

import zbar

PIXELS = 4  # a module; readers want more than one


class Terminal:
    def __init__(self, process, descriptor):
        self.process = process
        self.descriptor = descriptor
        self.bytes = b""

    @property
    def text(self):
        # All of it: a read may end in the middle of a character.
        return self.bytes.decode("utf-8", "replace").replace("\r\n", "\n")

    def read_until(self, condition, seconds=20):
        """What was printed, once `condition` holds of it or the program has ended."""
        end = time.monotonic() + seconds
        while not condition(self.text):
            assert time.monotonic() < end, f"in vain; it printed:\n{self.text}"
            if not select.select([self.descriptor], [], [], 0.2)[0]:
                continue
            try:
                some = os.read(self.descriptor, 65536)
            except OSError:  # Linux says so when the last one has closed the terminal
                some = b""
            if not some:
                break
            self.bytes += some
        return self.text


@contextlib.contextmanager
def on_terminal(command, environment=None):
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            terminal = Terminal(process, ours)
            try:
                yield terminal
            finally:
                process.terminate()
                terminal.read_until(lambda _: False)  # a full terminal would hold it up
                process.wait(timeout=20)
    finally:
        os.close(ours)


def qr_codes(text):
    """What the QR codes say that are drawn in `text` with half blocks, black on white."""
    rows = re.findall("\033\\[30;107m([ █▀▄]+)\033\\[0m", text)
    if not rows:
        return []
    pixels = bytearray()
    for row in rows:
        for half in "▀▄":
            line = b"".join((b"\x00" if mark in ("█", half) else b"\xff") * PIXELS for mark in row)
            pixels += line * PIXELS
    image = zbar.Image(len(rows[0]) * PIXELS, 2 * len(rows) * PIXELS, "Y800", bytes(pixels))
    zbar.ImageScanner().scan(image)
    return [symbol.data for symbol in image]
