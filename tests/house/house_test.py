#!/usr/bin/env python3
"""Holds the tree to the rules of the house (rules.py), and shows that each rule can fail by planting an offence."""
import os
import pathlib
import shutil
import sys
import tempfile

import rules

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.tap import Tap  # noqa: E402

ROOT = os.environ.get("REALLIVE_SOURCE_ROOT", str(pathlib.Path(__file__).resolve().parents[2]))


def holds(check):
    def body():
        wrong = check(ROOT)
        assert not wrong, "\n" + "\n".join(wrong[:40])
    return body


def catches(check, name, content, expected):
    """`check` on a small tree with one planted offence must say `expected`."""
    def body():
        with tempfile.TemporaryDirectory() as root:
            top = pathlib.Path(root)
            for module in [path.name for path in (pathlib.Path(ROOT) / "orchestrator").iterdir() if path.is_dir()]:
                (top / "orchestrator" / module).mkdir(parents=True)
            for plugin in ("common", "channel", "rtc"):
                (top / "gst-plugins" / plugin).mkdir(parents=True)
            (top / "docs").mkdir()
            shutil.copy(pathlib.Path(ROOT) / "docs/architecture.md", top / "docs")
            shutil.copy(pathlib.Path(ROOT) / ".clang-format", top)
            (top / name).write_text(content)
            wrong = check(root)
            assert any(expected in sentence for sentence in wrong), wrong
    return body


def main():
    tap = Tap()
    tap.case("modules include only what the table allows", holds(rules.check_includes))
    tap.case("no file has become two things", holds(rules.check_sizes))
    tap.case("no bare unref outside common/", holds(rules.check_bare_unref))
    tap.case("every header opens with what it is", holds(rules.check_headers))
    tap.case("clang-format has nothing to say", holds(rules.check_format))
    tap.case("the tests that documents name are there", holds(rules.check_named_tests))
    tap.case("nothing stands twice in the table of features", holds(rules.check_features))
    tap.case("a list that was merged twice is caught", catches(
        rules.check_features, "docs/features.md", "1. One\n2. Two\n2. Two\n", "counts [1, 2, 2]"))
    tap.case("a sideways include is caught", catches(
        rules.check_includes, "orchestrator/auth/x.cpp", '#include "catalog/cameras.h"\n', "auth may not include catalog"))
    tap.case("a library beside its door is caught", catches(
        rules.check_includes, "orchestrator/api/x.cpp", "#include <libsoup/soup.h>\n", "belongs to orchestrator/http/"))
    tap.case("a plugin that includes another is caught", catches(
        rules.check_includes, "gst-plugins/rtc/x.cpp", '#include "channel/hub.h"\n', "may not include plugin channel"))
    tap.case("an orchestrator include in a plugin is caught", catches(
        rules.check_includes, "gst-plugins/rtc/x.cpp", '#include "base/json.h"\n', "may not include orchestrator/base"))
    tap.case("a long file is caught", catches(rules.check_sizes, "orchestrator/api/x.cpp", "\n" * 700, "700 lines"))
    tap.case("a bare unref is caught", catches(
        rules.check_bare_unref, "gst-plugins/rtc/x.cpp", "void f() { g_object_unref(p); }\n", "bare unref"))
    tap.case("a test that nobody wrote is caught", catches(
        rules.check_named_tests, "docs/security.md", "| x | 401 | `AttacksTest.IsNotThere` |\n", "no test AttacksTest.IsNotThere"))
    tap.case("a test of an area that is not there is caught", catches(
        rules.check_named_tests, "docs/features.md", "| x | works | `appp/view` |\n", "no test appp/view"))
    tap.case("a silent header is caught", catches(
        rules.check_headers, "orchestrator/api/x.h", "#pragma once\n", "does not open with a comment"))
    tap.case("bad formatting is caught", catches(
        rules.check_format, "orchestrator/api/x.cpp", "int   f( ){return 1 ;}\n", "error:"))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
