"""The rules of the house that can be checked by reading files. Each returns a list of sentences, empty when all is well.

The include table is read from docs/architecture.md, so that page cannot go stale without a red test.
"""
import pathlib
import re
import subprocess

# Which library may be included where (prefixes of paths below the top).
DOORS = {
    r"libsoup/": ["orchestrator/http/", "tests/"],
    r"soci/": ["orchestrator/db/", "tests/"],
    r"jansson\.h": ["orchestrator/base/", "tests/"],
    r"spdlog/": ["orchestrator/base/log.cpp"],
    r"CLI/": ["orchestrator/app/"],
    r"gst/": ["gst-plugins/", "orchestrator/media/", "tests/"],
    r"toml\+\+/|toml\.hpp": ["orchestrator/app/", "orchestrator/pipeline/"],
    r"rhonabwy\.h": ["orchestrator/auth/"],
    r"openssl/": ["orchestrator/tls/", "orchestrator/auth/", "orchestrator/base/secret_box.cpp",
                  "orchestrator/signaling/ice_servers.cpp", "gst-plugins/rtc/", "tests/"],
    r"intel-ipsec-mb\.h": ["gst-plugins/rtc/transport/aes_gcm_ipsec_mb.cpp"],
    r"curl/": ["tests/"],
}
LONGEST_FILE = 600


def files(root, *endings):
    listing = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True,
                             check=False)
    names = listing.stdout.splitlines() if listing.returncode == 0 else [
        str(path.relative_to(root)) for path in pathlib.Path(root).rglob("*") if path.is_file()]
    return sorted(name for name in names if name.endswith(endings) and (pathlib.Path(root) / name).exists())


def include_table(root):
    """Module → set of modules it may include, from the table 'Who may include whom'."""
    text = (pathlib.Path(root) / "docs/architecture.md").read_text()
    section = text.split("## Who may include whom", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|$", section, re.M)
    table = {}
    for module, allowed in rows:
        if allowed == "nothing":
            table[module] = set()
        elif allowed == "all":
            table[module] = {name for name, _ in rows} | {"common"}
        else:
            table[module] = {word.strip().replace("gst-plugins/", "") for word in allowed.split(",")}
    return table


def includes(root, name):
    text = (pathlib.Path(root) / name).read_text()
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[2], found[1] == '"'


def check_includes(root):
    table = include_table(root)
    wrong = []
    modules = {path.name for path in (pathlib.Path(root) / "orchestrator").iterdir() if path.is_dir()}
    wrong += [f"docs/architecture.md: no row for orchestrator/{name}" for name in sorted(modules - set(table))]
    for name in files(root, ".h", ".cpp"):
        parts = name.split("/")
        for number, target, _ in includes(root, name):
            first = target.split("/")[0]
            place = f"{name}:{number}"
            if parts[0] == "orchestrator" and "/" in target and first in modules | {"common", "channel", "rtc"}:
                if first != parts[1] and first not in table.get(parts[1], set()):
                    wrong.append(f"{place}: {parts[1]} may not include {first}")
            if parts[0] == "gst-plugins":
                plugins = {path.name for path in (pathlib.Path(root) / "gst-plugins").iterdir() if path.is_dir()}
                if first in modules and "/" in target and first not in plugins:
                    wrong.append(f"{place}: a plugin may not include orchestrator/{first}")
                if first in plugins and first not in (parts[1], "common"):
                    wrong.append(f"{place}: plugin {parts[1]} may not include plugin {first}")
            for pattern, allowed in DOORS.items():
                if re.match(pattern, target) and not any(name.startswith(prefix) for prefix in allowed):
                    wrong.append(f"{place}: <{target}> belongs to {', '.join(allowed)}")
    return wrong


def check_sizes(root):
    wrong = []
    for name in files(root, ".h", ".cpp", ".ts", ".vue", ".py", ".mjs", "dev"):
        lines = (pathlib.Path(root) / name).read_text().count("\n")
        if lines > LONGEST_FILE:
            wrong.append(f"{name}: {lines} lines; a file that long has become two things (limit {LONGEST_FILE})")
    return wrong


def check_bare_unref(root):
    wrong = []
    bare = re.compile(r"\b(g_object_unref|gst_object_unref|gst_(buffer|caps|event|message|query|sample|mini_object)_unref)\s*\(")
    for name in files(root, ".h", ".cpp"):
        if not name.startswith(("gst-plugins/", "orchestrator/")) or name.startswith("gst-plugins/common/"):
            continue
        for number, line in enumerate((pathlib.Path(root) / name).read_text().splitlines(), 1):
            if bare.search(line.split("//")[0]):
                wrong.append(f"{name}:{number}: a bare unref outside common/; use Ref<T>")
    return wrong


def check_headers(root):
    """Each header of ours opens with a comment: what it owns, on which thread it lives, what it never does."""
    return [f"{name}: does not open with a comment" for name in files(root, ".h")
            if name.startswith(("gst-plugins/", "orchestrator/")) and not (pathlib.Path(root) / name).read_text().startswith("//")]


def check_named_tests(root):
    """Tests that the documents name: `Suite.Case` of docs/security.md, `area/program` of that and docs/features.md."""
    top = pathlib.Path(root)
    cases = {f"{suite}.{case}" for name in files(root, ".cpp") if name.startswith("tests/")
             for suite, case in re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", (top / name).read_text(), re.M)}
    wrong = []
    for document in ("docs/security.md", "docs/features.md"):
        text = (top / document).read_text() if (top / document).exists() else ""
        if document == "docs/security.md":
            wrong += [f"{document}: there is no test {name}" for name in re.findall(r"`([A-Z]\w+\.[A-Z]\w+)`", text)
                      if name not in cases]
        for area, program in re.findall(r"`([a-z0-9]+)/([a-z0-9-]+)`", text):
            build = top / ("web" if area == "web" else f"tests/{area}") / "meson.build"
            target = top / f"tests/fuzz/{program.removeprefix('fuzz-').replace('-', '_')}_fuzz.cpp"
            known = build.exists() and f"'{program}'" in build.read_text()
            if not known and not (area == "fuzz" and target.exists()):
                wrong.append(f"{document}: there is no test {area}/{program}")
    return wrong


def check_features(root):
    """Merges keep both sides of docs/features.md: no row and no number of its list may stand there twice."""
    path = pathlib.Path(root) / "docs/features.md"
    text = path.read_text() if path.exists() else ""
    names = [row.split("|")[1].strip() for row in text.splitlines() if row.startswith("|")]
    wrong = [f"docs/features.md: two rows of '{name}'" for name in sorted({name for name in names if names.count(name) > 1})]
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", text, re.M)]
    if numbers != list(range(1, len(numbers) + 1)):
        wrong.append(f"docs/features.md: the list of what is missing counts {numbers}")
    return wrong


def check_format(root):
    names = [name for name in files(root, ".h", ".cpp") if not name.startswith("build")]
    done = subprocess.run(["clang-format-14", "--dry-run", "-Werror", "--ferror-limit=1", *names], cwd=root,
                          capture_output=True, text=True, check=False)
    return [line for line in done.stderr.splitlines() if "error:" in line] if done.returncode else []
