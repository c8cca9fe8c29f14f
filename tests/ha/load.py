"""Rollcall over a database that fails, and the load under which it does: identity providers that honour Retry-After and remember what was
acknowledged, and a print component that looks people up twenty times a second."""

import base64
import contextlib
import importlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import grpc
import grpc_tools
from grpc_tools import protoc

from cluster import free_port, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("ROLLCALL_BINARIES", ROOT / "target" / "debug"))
ACCOUNT = "accounts/default"


def stubs(directory, service="lookup_service"):
    protos, known = ROOT / "proto", pathlib.Path(grpc_tools.__file__).with_name("_proto")
    files = [str(path.relative_to(protos)) for path in sorted(protos.rglob("*.proto"))]
    flags = [f"-I{protos}", f"-I{known}", f"--python_out={directory}", f"--grpc_python_out={directory}"]
    if protoc.main(["protoc", *flags, *files]) != 0:
        sys.exit("the stubs could not be generated")
    sys.path.insert(0, directory)
    return [importlib.import_module(f"rollcall.identity.v1.{service}_pb2{end}") for end in ("", "_grpc")]


class Rollcall:
    """`rollcall serve` over the databases of these addresses."""

    def __init__(self, directory, **settings):
        self.directory = pathlib.Path(directory)
        (self.directory / "key").write_bytes(base64.b64encode(os.urandom(32)))
        (self.directory / "key").chmod(0o600)
        self.scim, self.identity, self.token = free_port(), free_port(), free_port()
        environment = {
            **os.environ,
            "ROLLCALL_KEY_FILE": str(self.directory / "key"),
            "ROLLCALL_SCIM_LISTEN": f"127.0.0.1:{self.scim}",
            "ROLLCALL_IDENTITY_LISTEN": f"127.0.0.1:{self.identity}",
            "ROLLCALL_TOKEN_LISTEN": f"127.0.0.1:{self.token}",
            "ROLLCALL_CONSOLE_LISTEN": "off",
            "ROLLCALL_LOG": "warn",
            # Tokens are verified before the failure and believed during it, as they are in production.
            "ROLLCALL_SCIM_TOKEN_GRACE_SECONDS": "120",
            **settings,
        }
        self.log = open(self.directory / "log", "wb+")
        self.process = subprocess.Popen([BINARIES / "rollcall", "serve"], env=environment, stdout=self.log, stderr=self.log)
        until("Rollcall", lambda: self.request("GET", "/ServiceProviderConfig", token="none")[0] == 401)
        command = [BINARIES / "rollcall", "token", "generate", "default", "--json", "--token-service", f"http://127.0.0.1:{self.token}"]
        self.secret = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["secret"]

    def request(self, method, path, body=None, token=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.scim}/default/scim/v2{path}",
            method=method,
            headers={"Authorization": f"Bearer {token or self.secret}", "Content-Type": "application/scim+json"},
            data=json.dumps(body).encode() if body else None,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"{}"), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}"), error.headers

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            sys.exit("Rollcall did not end upon SIGTERM")
        self.log.seek(0)
        said = self.log.read().decode(errors="replace")
        if self.process.returncode != 0 or "panicked at" in said:
            sys.exit(f"Rollcall ended with {self.process.returncode}:\n{said[-4000:]}")


@contextlib.contextmanager
def running(**settings):
    with tempfile.TemporaryDirectory() as directory:
        rollcall = Rollcall(directory, **settings)
        try:
            yield rollcall
            rollcall.stop()
        finally:
            if rollcall.process.poll() is None:
                rollcall.process.kill()


class Load:
    """Writers and a reader at work until the end of the block."""

    def __init__(self, rollcall, lookups, writers=6):
        self.rollcall, (self.messages, self.services) = rollcall, lookups
        self.writers = writers
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.acknowledged, self.answered, self.refused, self.wrong = {}, [], 0, []
        self.threads = []

    def __enter__(self):
        self.began = time.monotonic()
        work = [(self.write, (number,)) for number in range(self.writers)] + [(self.look, ())]
        self.threads = [threading.Thread(target=target, args=arguments, daemon=True) for target, arguments in work]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join(120)
        self.ended = time.monotonic()

    def write(self, number):
        count = 0
        while not self.stopped.is_set():
            name = f"p{number}-{count}"
            body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name}
            try:
                status, answer, headers = self.rollcall.request("POST", "/Users", body)
            except OSError as error:
                self.wrong.append(f"POST {name}: {error!r}")
                time.sleep(0.2)
                continue
            if status in (201, 409):
                # 409 after a 503: it had been carried out all the same.
                with self.lock:
                    self.acknowledged[name] = time.monotonic()
                count += 1
            elif status in (429, 503):
                with self.lock:
                    self.refused += 1
                self.stopped.wait(int(headers["Retry-After"]))
            else:
                self.wrong.append(f"POST {name}: {status} {answer}")
                self.stopped.wait(1)

    def look(self):
        key = self.messages.UserKey(user_name="p0-0")
        request = self.messages.BatchLookupUsersRequest(parent=ACCOUNT, keys=[key])
        with grpc.insecure_channel(f"127.0.0.1:{self.rollcall.identity}") as channel:
            stub = self.services.LookupServiceStub(channel)
            while not self.stopped.wait(0.05):
                try:
                    stub.BatchLookupUsers(request, timeout=10)
                    self.answered.append(time.monotonic())
                except grpc.RpcError as error:
                    if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                        self.wrong.append(f"look-up: {error.code()} {error.details()}")

    def count(self):
        with self.lock:
            return len(self.acknowledged)

    def until_writes(self, after):
        """Waits until writes are acknowledged again that were begun after a moment."""
        until("a write", lambda: max(self.acknowledged.values()) > after + 0.5, 120)

    def gaps(self):
        """The longest time without an acknowledged write, and without an answered look-up."""

        def longest(times):
            times = sorted([self.began, *times, self.ended])
            return max(later - earlier for earlier, later in zip(times, times[1:]))

        return longest(self.acknowledged.values()), longest(self.answered)
