"""A fresh Rollcall for a suite from outside: started, asked where it listens, given a token, and ended."""

import argparse
import base64
import contextlib
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "target" / "debug" / "rollcall"
# Suites that are not Rollcall's, beside the repository. Where they are absent they are skipped.
CONFORMANCE = ROOT.parent / "shared" / "conformance"
POSTGRES = "ROLLCALL_TEST_POSTGRES"
PATIENCE = 30
ADDRESSES = ("scim", "identity", "token")


class Store:
    """Where a server keeps its data, which outlives the process: a directory, or two PostgreSQL databases."""

    def __init__(self, database):
        self.database = database
        self.directory = tempfile.mkdtemp(prefix="rollcall-")
        if database == "sqlite":
            self.urls = {name: f"sqlite:{self.directory}/{name}.db" for name in ("identity", "token")}
        else:
            server = os.environ.get(POSTGRES) or exit(f"set {POSTGRES} to the URL of a PostgreSQL server")
            base = server.rsplit("/", 1)[0]
            names = {name: f"rollcall_{name}_{uuid.uuid4().hex}" for name in ("identity", "token")}
            for name in names.values():
                self._psql(f"CREATE DATABASE {name}")
            self.urls = {name: f"{base}/{database}" for name, database in names.items()}

    @staticmethod
    def _psql(statement):
        command = ["psql", "--no-psqlrc", "--quiet", "--dbname", os.environ[POSTGRES], "--command", statement]
        subprocess.run(command, check=True)

    def drop(self):
        if self.database != "sqlite":
            for url in self.urls.values():
                self._psql(f"DROP DATABASE {url.rsplit('/', 1)[1]} WITH (FORCE)")
        shutil.rmtree(self.directory, ignore_errors=True)


class Rollcall:
    """A running server. `scim`, `identity` and `token` are its addresses, `base` the Tenant URL of `default`."""

    def __init__(self, store, prefix=()):
        self.store = store
        key = pathlib.Path(store.directory) / "key"
        if not key.exists():
            key.write_bytes(base64.b64encode(os.urandom(32)))
            key.chmod(0o600)
        self.environment = {"ROLLCALL_KEY_FILE": str(key)} | os.environ | {
            "ROLLCALL_IDENTITY_DATABASE_URL": store.urls["identity"],
            "ROLLCALL_TOKEN_DATABASE_URL": store.urls["token"],
            "ROLLCALL_SCIM_LISTEN": "127.0.0.1:0",
            "ROLLCALL_IDENTITY_LISTEN": "127.0.0.1:0",
            "ROLLCALL_TOKEN_LISTEN": "127.0.0.1:0",
        }
        self.log = open(pathlib.Path(store.directory) / "rollcall.log", "ab+")
        self.process = subprocess.Popen(
            [*prefix, str(BINARY), "serve"],
            env=self.environment,
            cwd=store.directory,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        found, end = {}, time.monotonic() + PATIENCE
        while len(found) < len(ADDRESSES):
            try:
                words = lines.get(timeout=max(0, end - time.monotonic())).split()
            except queue.Empty:
                self.kill()
                raise SystemExit(f"rollcall did not say where it listens:\n{self.logged()}") from None
            if len(words) > 1 and words[0] in ADDRESSES and words[1].startswith("http://"):
                found[words[0]] = words[1].rstrip("/")
        self.scim, self.identity, self.token = (found[name] for name in ADDRESSES)
        self.base = f"{self.scim}/default/scim/v2"
        self.environment["ROLLCALL_TOKEN_SERVICE"] = self.token
        self.secret = None

    def _read(self, lines):
        for line in self.process.stdout:
            lines.put(line)

    def generate_token(self, account="default"):
        """A new token, by the command that an administrator types."""
        command = [str(BINARY), "token", "generate", account, "--json"]
        run = subprocess.run(
            command, env=self.environment, cwd=self.store.directory, capture_output=True, text=True, check=False
        )
        if run.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed: {run.stdout}{run.stderr}")
        answer = json.loads(run.stdout)
        self.secret = answer.get("secret") or answer["token"]
        return self.secret

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/scim+json"}

    def logged(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def kill(self):
        """SIGKILL: no chance to put anything in order."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM, upon which the server must end by itself and well."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise SystemExit("the server did not end upon SIGTERM") from None
        if code != 0 or "panicked at" in self.logged():
            raise SystemExit(f"the server ended with {code}:\n{self.logged()}")


@contextlib.contextmanager
def running(database):
    """A server on an empty database, with a token; gone afterwards."""
    store = Store(database)
    server = None
    try:
        server = Rollcall(store)
        server.generate_token()
        yield server
        server.stop()
    finally:
        if server and server.process.poll() is None:
            server.kill()
        store.drop()


def arguments(description):
    """The command line that every suite here has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("database", choices=["sqlite", "postgres"], help="what the server keeps its data in")
    return parser.parse_args()
