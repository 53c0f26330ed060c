"""What a Python test says to servers and what these log: see record.h."""
import os
import pathlib


def record(kind, text):
    """`kind`: said, secret or log."""
    directory = os.environ.get("REALLIVE_TEST_RECORD")
    if directory and text:
        with open(pathlib.Path(directory) / f"{kind}-{os.getpid()}", "a", encoding="utf-8", errors="replace") as file:
            file.write(text + "\n")
