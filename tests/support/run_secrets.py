"""The secrets of a whole test run, looked for in all that its servers printed (see record.h for what is kept).

Texts shorter than eight characters are no secrets here: they would be found in anything.
"""
import json
import pathlib
import re
import subprocess
import urllib.parse

SHORTEST = 8
FIELDS = re.compile(r'"(?:password|currentPassword|newPassword|token|refreshToken|streamKey|credential|turnSecret)"\s*:\s*'
                    r'("(?:[^"\\]|\\.)*")')
HEADERS = re.compile(r"^(?:authorization: *\w+|x-api-key:) +(\S+)", re.I | re.M)
COOKIES = re.compile(r"^(?:set-)?cookie: *[^=\s]+=([^;\s]+)", re.I | re.M)
ADDRESSES = re.compile(r"\b[a-z]+://[^/\s\"@]*:([^/\s\"]+)@", re.I)
QUERIES = re.compile(r"[?&#](?:token|auth|key|password|pwd)=([^&\s\"#']+)", re.I)
# The server prints the link to its first account, for whoever starts it to read.
SET_UP = re.compile(r"/setup#[\w-]+")


def harvest(text):
    """The secrets in what was said."""
    found = set()
    for literal in FIELDS.findall(text):
        try:
            found.add(json.loads(literal))
        except ValueError:
            pass  # a broken request of an attack
    for pattern in (HEADERS, COOKIES, ADDRESSES, QUERIES):
        found.update(pattern.findall(text))
    found |= {urllib.parse.unquote(one) for one in found}
    return found | {urllib.parse.quote(one, safe="") for one in found}


def is_secret(text):
    # Stars stand for a secret in answers; one of blanks or several lines is an attack's.
    return len(text) >= SHORTEST and text.isprintable() and text.strip("* ") != ""


class RunSecrets:
    """`directory`: what the programs of the run recorded."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.secrets = set()
        for path in self.directory.glob("secret-*"):
            self.secrets.update(path.read_text(errors="replace").splitlines())
        for path in self.directory.glob("said-*"):
            self.secrets |= harvest(path.read_text(errors="replace"))
        self.secrets = {secret for secret in self.secrets if is_secret(secret)}
        self.logs = sorted(self.directory.glob("log-*"))
        self.servers = [path for path in self.logs if path.name[4:].isdigit()]

    def told(self):
        """Each line of a log that tells a secret, the secret itself blotted out."""
        if not self.secrets:
            return []
        patterns, searched = self.directory / "patterns", self.directory / "searched"
        patterns.write_text("\n".join(sorted(self.secrets)) + "\n")
        lines = []
        for path in self.logs:
            searched.write_text(SET_UP.sub("/setup#", path.read_text(errors="replace")))
            # grep looks for thousands of texts in one pass.
            found = subprocess.run(["grep", "--text", "--fixed-strings", "--file", str(patterns), str(searched)],
                                   env={"LC_ALL": "C"}, capture_output=True, check=False)
            if found.returncode > 1:
                raise OSError(found.stderr.decode())
            lines += [f"{path.name}: {self.blot(line)}" for line in found.stdout.decode(errors="replace").splitlines()]
        return lines

    def blot(self, line):
        for secret in sorted(self.secrets, key=len, reverse=True):
            if secret in line:
                at = line.index(secret)
                line = line[max(0, at - 200):at + len(secret) + 200].replace(secret, "[a secret]")
        return line
