#!/usr/bin/env python3
"""Long harm, by hand: runs one test program again with REALLIVE_SOAK set, which multiplies its rounds.

`./dev soak list` prints the names. A program whose meson suite list contains `soak` takes part.
"""
import json
import os
import subprocess
import sys


def main():
    build = sys.argv[1]
    name = sys.argv[2] if len(sys.argv) > 2 else "list"
    tests = json.loads(subprocess.run(["meson", "introspect", "--tests", build], check=True, capture_output=True,
                                      text=True).stdout)
    tests = {test["name"]: test for test in tests if any(suite.split(":")[-1] == "soak" for suite in test["suite"])}
    if name == "list":
        print("\n".join(sorted(tests)))
        return 0
    if name not in tests:
        print(f"no soak test '{name}'; there are: {', '.join(sorted(tests))}", file=sys.stderr)
        return 2
    test = tests[name]
    environment = {**os.environ, **test["env"], "REALLIVE_SOAK": sys.argv[3] if len(sys.argv) > 3 else "10"}
    environment["PATH"] = ":".join(filter(None, [test["env"].get("PATH"), os.environ["PATH"]]))
    return subprocess.run(test["cmd"], env=environment, cwd=test["workdir"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
