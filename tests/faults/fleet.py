"""The three services as processes, with a wire that can be cut between each pair, over SQLite or a PostgreSQL of their own."""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "ha"))

from cluster import PROGRAMS, Home, free_port, psql, until  # noqa: E402
from wire import Wire  # noqa: E402

BINARIES = pathlib.Path(os.environ.get("ROLLCALL_BINARIES", ROOT / "target" / "debug"))
SERVICES = {"identity": "identity-service", "token": "token-service", "gateway": "scim-gateway"}
PATIENCE = 60


class Postgres:
    """A cluster that keeps what was committed, and can be ended, paused and started again."""

    def __init__(self):
        self.home = Home()
        self.port = free_port()
        self.data = self.home.path / "data"
        self._run("initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        settings = ["listen_addresses = '127.0.0.1'", f"port = {self.port}", "unix_socket_directories = ''", "max_connections = 100"]
        with open(self.data / "postgresql.conf", "a") as file:
            file.write("\n".join([*settings, "fsync = on", "synchronous_commit = on", ""]))
        self.start()
        for name in ("identity", "token"):
            psql(self.port, f"CREATE DATABASE {name}")

    def _run(self, program, *arguments):
        process = self.home.start(program, PROGRAMS / program, *arguments)
        if process.wait(PATIENCE) != 0:
            sys.exit(f"{program} failed: {(self.home.path / program).with_suffix('.log').read_text()}")

    def start(self):
        self.process = self.home.start("postgres", PROGRAMS / "postgres", "-D", self.data)
        until("PostgreSQL", lambda: psql(self.port, "SELECT 1") == "1", PATIENCE)

    def _all(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def signal(self, what):
        """To the server and all of its processes, the server first: it starts no others meanwhile."""
        for pid in self._all():
            try:
                os.kill(pid, what)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)

    def url(self, name, port=None):
        return f"postgres://postgres@127.0.0.1:{port or self.port}/{name}"

    def end(self):
        self.home.end()


class Fleet:
    """`services` is a dict of processes; `wires` of connections: gateway-identity, gateway-token, identity-database, token-database."""

    def __init__(self, database, binaries=BINARIES, data=None, beside=None, **settings):
        """SQLite is kept in `data`; `beside` is a fleet whose PostgreSQL and key this one shares."""
        self.database, self.binaries, self.beside = database, binaries, beside
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-faults-"))
        if beside:
            self.postgres = beside.postgres
        else:
            self.postgres = Postgres() if database == "postgres" else None
        self.ports = {name: free_port() for name in SERVICES}
        self.wires = {
            "gateway-identity": Wire(self.ports["identity"]),
            "gateway-token": Wire(self.ports["token"]),
        }
        key = self.directory / "key"
        key.write_bytes((beside.directory / "key").read_bytes() if beside else base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        urls = {}
        for name in ("identity", "token"):
            if self.postgres:
                wire = self.wires[f"{name}-database"] = Wire(self.postgres.port)
                urls[name] = self.postgres.url(name, wire.port)
            else:
                urls[name] = f"sqlite:{data or self.directory}/{name}.db"
        self.environment = {
            **os.environ,
            "ROLLCALL_KEY_FILE": str(key),
            "ROLLCALL_IDENTITY_DATABASE_URL": urls["identity"],
            "ROLLCALL_TOKEN_DATABASE_URL": urls["token"],
            "ROLLCALL_IDENTITY_LISTEN": f"127.0.0.1:{self.ports['identity']}",
            "ROLLCALL_TOKEN_LISTEN": f"127.0.0.1:{self.ports['token']}",
            "ROLLCALL_SCIM_LISTEN": f"127.0.0.1:{self.ports['gateway']}",
            "ROLLCALL_CONSOLE_LISTEN": "off",
            "ROLLCALL_IDENTITY_SERVICE": f"http://127.0.0.1:{self.wires['gateway-identity'].port}",
            "ROLLCALL_TOKEN_SERVICE": f"http://127.0.0.1:{self.wires['gateway-token'].port}",
            "ROLLCALL_LOG": "warn",
            **settings,
        }
        self.services = {}
        for name in SERVICES:
            self.start(name)
        self.await_answer()
        self.make_account("default")
        self.secret = self.new_token("default")

    def start(self, name, **more):
        log = open(self.directory / f"{name}.log", "ab")
        environment = {**self.environment, **more}
        self.services[name] = subprocess.Popen([self.binaries / SERVICES[name]], env=environment, cwd=self.directory, stdout=log, stderr=log)

    def await_answer(self):
        until("the gateway", lambda: self.request("GET", "/ServiceProviderConfig", "none")[0] == 401, PATIENCE)
        until("the token service", lambda: self.command("account", "list"), PATIENCE)

    def command(self, *arguments):
        """What `rollcall` prints; it speaks to the services themselves, past the wires."""
        services = {
            "ROLLCALL_TOKEN_SERVICE": f"http://127.0.0.1:{self.ports['token']}",
            "ROLLCALL_IDENTITY_SERVICE": f"http://127.0.0.1:{self.ports['identity']}",
        }
        run = subprocess.run(
            [self.binaries / "rollcall", *arguments], env={**self.environment, **services}, capture_output=True, text=True, check=True
        )
        return run.stdout

    def make_account(self, account):
        known = {entry["name"] for entry in json.loads(self.command("account", "list", "--json"))}
        if f"accounts/{account}" not in known:
            self.command("account", "create", account)

    def new_token(self, account):
        return json.loads(self.command("token", "generate", account, "--json"))["secret"]

    def request(self, method, path, secret):
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.ports["gateway"], timeout=10)
        try:
            connection.request(method, f"/default/scim/v2{path}", headers={"Authorization": f"Bearer {secret}"})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def kill(self, name):
        self.services[name].kill()
        self.services[name].wait()

    def pause(self, name):
        self.services[name].send_signal(signal.SIGSTOP)

    def go_on(self, name):
        self.services[name].send_signal(signal.SIGCONT)

    def resident(self, name):
        """Resident memory in MiB."""
        status = pathlib.Path(f"/proc/{self.services[name].pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self):
        """Ends each by SIGTERM, and says what is wrong with how it went."""
        wrong = []
        for name in ("gateway", "identity", "token"):
            process = self.services[name]
            if process.poll() is not None:
                wrong.append(f"{SERVICES[name]} ended by itself with {process.returncode}")
                continue
            process.send_signal(signal.SIGTERM)
            try:
                if process.wait(PATIENCE) != 0:
                    wrong.append(f"{SERVICES[name]} ended with {process.returncode}")
            except subprocess.TimeoutExpired:
                wrong.append(f"{SERVICES[name]} did not end upon SIGTERM")
        for name in SERVICES:
            said = (self.directory / f"{name}.log").read_text(errors="replace")
            if "panicked at" in said:
                wrong.append(f"{SERVICES[name]} panicked: {said[said.index('panicked at') :][:300]}")
        return wrong

    def end(self):
        for process in self.services.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        for wire in self.wires.values():
            wire.close()
        if self.postgres and not self.beside:
            self.postgres.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
