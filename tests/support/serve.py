"""`reallive serve` for Python tests: a server with an admin and a camera, and requests to it."""
import contextlib
import http.client
import json
import os
import socket
import subprocess
import threading
import time

from support.record import record

PASSWORD = "tangerine-harbour-42"
record("secret", PASSWORD)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(condition, what):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.02)


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


@contextlib.contextmanager
def server(data, *settings):
    """`reallive serve` with one admin, one camera; gives its port."""
    environment = {**os.environ, "HOME": str(data)}
    for command, text in ((["user", "add", "ann", "--role", "admin", "--password-stdin"], PASSWORD),
                          (["camera", "add", "door", "--source", "publish"], "")):
        subprocess.run(["reallive", *command, "--data", data], input=text, env=environment, check=True, text=True,
                       stdout=subprocess.DEVNULL)
    command = ["reallive", "serve", "--data", data]
    for setting in ("http.listen=127.0.0.1:0", "https.listen=off", "webrtc.listen=127.0.0.1:0", *settings):
        command += ["--set", setting]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        printed = []
        reader = threading.Thread(target=lambda: printed.extend(process.stdout))
        reader.start()
        try:
            wait_for(lambda: process.poll() is not None or any("listening http " in line for line in printed), "a listener")
            line = next((line for line in printed if "listening http " in line), None)
            assert line, f"the server did not start: {''.join(printed)}"
            yield int(line.rsplit(":", 1)[1])
        finally:
            process.terminate()
            process.wait(timeout=20)
            reader.join()
            record("log", "".join(printed))


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        text = None if body is None else json.dumps(body)
        record("said", "\n".join([f"{method} {path}", *(f"{name}: {value}" for name, value in (headers or {}).items()), text or ""]))
        connection.request(method, path, text, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        content = answer.read().decode()
        record("said", "\n".join([*(f"{name}: {value}" for name, value in answer.getheaders()), content]))
        return answer.status, dict((name.lower(), value) for name, value in answer.getheaders()), content
    finally:
        connection.close()
