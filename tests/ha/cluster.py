"""PostgreSQL that is highly available, on loopback: two nodes under Patroni with etcd, or one with PgBouncer in front. Everything is a child of
this process, and below one folder of the user postgres, since PostgreSQL's programs refuse to run as root."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import yaml

PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
PATIENCE = 60


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, good, patience=PATIENCE):
    end = time.monotonic() + patience
    while True:
        try:
            found = good()
        except (OSError, ValueError, subprocess.SubprocessError):
            found = None
        if found:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not within {patience} s")
        time.sleep(0.1)


class Home:
    """A folder of the user who runs databases, and the processes that live in it."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-ha-"))
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.own(self.path)
        self.processes = []

    def own(self, path):
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def start(self, name, *command, **environment):
        log = open(self.path / f"{name}.log", "ab")
        who = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        process = subprocess.Popen(
            list(map(str, command)), stdout=log, stderr=log, cwd=self.path, env={**os.environ, **environment}, **who
        )
        self.processes.append(process)
        return process

    def write(self, name, text):
        path = self.path / name
        path.write_text(text)
        path.chmod(0o600)
        self.own(path)
        return path

    def end(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        for pid in self.path.glob("*/postmaster.pid"):
            try:
                os.kill(int(pid.read_text().split()[0]), signal.SIGKILL)
            except (ProcessLookupError, ValueError):
                pass
        shutil.rmtree(self.path, ignore_errors=True)


def psql(port, statement, database="postgres"):
    command = [PROGRAMS / "psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", database, "-AtXqc", statement]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


class Node:
    """A PostgreSQL under Patroni."""

    def __init__(self, home, name, etcd):
        self.home, self.name = home, name
        self.port, self.api = free_port(), free_port()
        self.data = home.path / name
        self.config = home.write(
            f"{name}.yaml",
            yaml.safe_dump(
                {
                    "scope": "rollcall",
                    "name": name,
                    "restapi": {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"},
                    "etcd3": {"host": f"127.0.0.1:{etcd}"},
                    "bootstrap": {
                        "dcs": {
                            "ttl": 20,
                            "loop_wait": 2,
                            "retry_timeout": 5,
                            # No acknowledged write is on one node alone.
                            "synchronous_mode": True,
                            # Without etcd the primary goes on, as long as it sees the others.
                            "failsafe_mode": True,
                            "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 100}},
                        },
                        "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}],
                    },
                    "postgresql": {
                        "listen": f"127.0.0.1:{self.port}",
                        "connect_address": f"127.0.0.1:{self.port}",
                        "data_dir": str(self.data),
                        "bin_dir": str(PROGRAMS),
                        "pgpass": str(home.path / f"{name}.pgpass"),
                        "authentication": {
                            "superuser": {"username": "postgres"},
                            "replication": {"username": "replicator"},
                            "rewind": {"username": "postgres"},
                        },
                        "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
                        "parameters": {"unix_socket_directories": ""},
                    },
                }
            ),
        )
        self.start()

    def start(self):
        self.process = self.home.start(f"patroni-{self.name}", "patroni", self.config)

    def state(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/patroni", timeout=2) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def is_primary(self):
        try:
            return self.state().get("role") in ("master", "primary") and self.state().get("state") == "running"
        except OSError:
            return False

    def kill_postgres(self):
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def kill(self):
        """The whole node, as if its plug were pulled."""
        self.process.kill()
        self.kill_postgres()


class Cluster:
    """Two nodes, of which one is the primary and the other its synchronous standby."""

    def __init__(self, home):
        etcd, peers = free_port(), free_port()
        home.start(
            "etcd", "etcd", "--data-dir", home.path / "etcd",
            "--listen-client-urls", f"http://127.0.0.1:{etcd}", "--advertise-client-urls", f"http://127.0.0.1:{etcd}",
            "--listen-peer-urls", f"http://127.0.0.1:{peers}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peers}",
            "--initial-cluster", f"default=http://127.0.0.1:{peers}",
        )
        self.nodes = [Node(home, "one", etcd)]
        until("a primary", lambda: self.nodes[0].is_primary())
        self.nodes.append(Node(home, "two", etcd))
        self.until_synchronous()

    def primary(self):
        return next((node for node in self.nodes if node.is_primary()), None)

    def standby(self):
        return next(node for node in self.nodes if not node.is_primary())

    def until_synchronous(self):
        """Until Patroni would promote the standby: it has noted that it is synchronous."""

        def synchronous():
            if not self.primary():
                return False
            with urllib.request.urlopen(f"http://127.0.0.1:{self.standby().api}/synchronous", timeout=2) as answer:
                return answer.status == 200

        until("a synchronous standby", synchronous)

    def url(self, database, session):
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgres://postgres@{hosts}/{database}?target_session_attrs={session}"

    def switch_over(self):
        primary, standby = self.primary(), self.standby()
        request = urllib.request.Request(
            f"http://127.0.0.1:{primary.api}/switchover",
            data=json.dumps({"leader": primary.name, "candidate": standby.name}).encode(),
            headers={"Content-Type": "application/json"},
        )

        def done():
            # Refused (412) until Patroni itself has noted who the synchronous standby is.
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status == 200

        until("the switch-over", done)


class Pooled:
    """One PostgreSQL behind PgBouncer by transaction, with fewer connections to the server than there are clients."""

    def __init__(self, home):
        data, self.port, self.pooler = home.path / "single", free_port(), free_port()
        data.mkdir(mode=0o700)
        home.own(data)
        who = {"user": home.user.pw_uid, "group": home.user.pw_gid, "extra_groups": []} if home.user else {}
        initdb = [PROGRAMS / "initdb", "-D", data, "-U", "postgres", "--auth", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        subprocess.run(list(map(str, initdb)), check=True, stdout=subprocess.DEVNULL, cwd=home.path, **who)
        home.start("postgres", PROGRAMS / "postgres", "-D", data, "-p", self.port, "-h", "127.0.0.1", "-k", "")
        until("PostgreSQL", lambda: psql(self.port, "SELECT 1"))
        config = home.write(
            "pgbouncer.ini",
            f"""[databases]
* = host=127.0.0.1 port={self.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.pooler}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
""",
        )
        home.start("pgbouncer", "pgbouncer", config)
        until("PgBouncer", lambda: psql(self.pooler, "SELECT 1"))

    def url(self, database):
        return f"postgres://postgres@127.0.0.1:{self.pooler}/{database}"
