"""Processes and databases that go away, and wires that do."""

import os
import signal
import sqlite3
import subprocess
import threading
import time

from case import case
from disks import Absent
from fleet import PROGRAMS

BOTH = ("sqlite", "postgres")


@case(*BOTH)
def kills(trial):
    """A service or the database is killed by SIGKILL in mid-sync, again and again."""
    struck = {}
    targets = ["gateway", "identity", "token", *(["database"] if trial.fleet.postgres else [])]
    for cycle in range(trial.cycles):
        target = targets[cycle] if cycle < len(targets) else trial.random.choice(targets)
        trial.nap(0.05, 0.5)
        if target == "database":
            trial.fleet.postgres.kill()
            trial.nap(0.0, 0.3)
            trial.fleet.postgres.start()
        else:
            trial.fleet.kill(target)
            trial.nap(0.0, 0.3)
            trial.fleet.start(target)
        struck[target] = struck.get(target, 0) + 1
        trial.load(10)
    trial.measured(", ".join(f"{target} {times} times" for target, times in struck.items()))


@case("postgres")
def database_restarts(trial):
    """PostgreSQL is ended in order and started again."""
    trial.fleet.postgres.stop()
    time.sleep(2)
    trial.fleet.postgres.start()
    trial.load(40)


@case("postgres")
def database_pauses(trial):
    """All processes of PostgreSQL stand still for longer than a call may take."""
    trial.fleet.postgres.signal(signal.SIGSTOP)
    time.sleep(12)
    trial.fleet.postgres.signal(signal.SIGCONT)
    trial.load(40)


@case("postgres")
def database_slow(trial):
    """Each message to and from PostgreSQL takes 20 ms more."""
    trial.fleet.wires["identity-database"].slow(0.02)
    trial.fleet.wires["token-database"].slow(0.02)
    before, began = trial.refused(), time.monotonic()
    trial.load(60)
    trial.must(trial.refused() == before, "requests were refused, though all was only slow")
    trial.measured(f"{60 / (time.monotonic() - began):.0f} writes a second, none refused")
    for wire in trial.fleet.wires.values():
        wire.mend()


@case("sqlite")
def database_locked(trial):
    """Another process holds the write lock of SQLite for longer than Rollcall waits."""
    lock = sqlite3.connect(trial.fleet.directory / "identity.db", isolation_level=None, timeout=30)
    lock.execute("BEGIN IMMEDIATE")
    time.sleep(8)
    lock.execute("ROLLBACK")
    lock.close()
    trial.load(40)


@case("postgres", ROLLCALL_DATABASE_READERS="2", ROLLCALL_DATABASE_WRITERS="1")
def pool_exhausted(trial):
    """Three connections, and somebody who locks the rows that writes need."""
    command = [PROGRAMS / "psql", "-h", "127.0.0.1", "-p", str(trial.fleet.postgres.port), "-U", "postgres", "-d", "identity", "-Atqc"]
    statement = "BEGIN; SELECT revision FROM heads FOR UPDATE; SELECT pg_sleep(8); ROLLBACK"
    subprocess.run([*command, statement], check=True, capture_output=True)
    trial.load(40)


@case(*BOTH)
def pauses(trial):
    """Each service in turn stands still for six seconds."""
    for name in ("identity", "token", "gateway"):
        trial.fleet.pause(name)
        time.sleep(6)
        trial.fleet.go_on(name)
        trial.load(20)


@case(*BOTH)
def partitions(trial):
    """Each pair of processes is parted: connections end, or stay and carry nothing, for four seconds."""
    for name, wire in trial.fleet.wires.items():
        for part in (wire.cut, wire.hole):
            part()
            time.sleep(4)
            wire.mend()
            trial.load(15)
    trial.measured(", ".join(trial.fleet.wires))


@case(*BOTH, ROLLCALL_SCIM_TOKEN_GRACE_SECONDS="3")
def token_service_gone(trial):
    """The token service is gone: tokens are believed for three seconds, then 503, and never 401."""
    trial.fleet.kill("token")
    time.sleep(1.5)
    before = trial.refused()
    trial.load(10)
    trial.must(trial.refused() == before, "requests were refused within the grace")
    time.sleep(5)
    writes, refused = trial.world.writes(), trial.refused()
    time.sleep(3)
    trial.must(trial.world.writes() == writes, "tokens were believed for longer than the grace")
    trial.must(trial.refused() > refused, "nothing was refused after the grace")
    status, _, headers = trial.fleet.request("GET", "/Users", "rollcall_scim_never")
    trial.must(status in (401, 503), f"a token that is none: {status}")
    trial.fleet.start("token")
    trial.load(20)


@case(*BOTH)
def restarts_meet_each_other(trial):
    """All three services restart at the same time, in each order, under load."""
    for order in (("gateway", "identity", "token"), ("token", "identity", "gateway")):
        for name in order:
            trial.fleet.services[name].send_signal(signal.SIGTERM)
        ends = [threading.Thread(target=trial.fleet.services[name].wait, args=(60,)) for name in order]
        for end in ends:
            end.start()
        for end in ends:
            end.join()
        for name in order:
            trial.fleet.start(name)
        trial.load(20)


@case(*BOTH)
def calm(trial):
    """Nothing happens but writes and reads: what is judged later must be right without a fault."""
    trial.load(200)


class Silence:
    """Packets to and from a port of this machine vanish, by nftables: no end, no refusal, no acknowledgement."""

    def __init__(self, port):
        self.table = f"rollcall_faults_{os.getpid()}_{port}"
        rules = "\n".join(f"tcp {side} {port} drop" for side in ("dport", "sport"))
        self._nft(f"table inet {self.table} {{\nchain out {{\ntype filter hook output priority 0\n{rules}\n}}\n}}\n")

    @staticmethod
    def _nft(rules):
        try:
            run = subprocess.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True, check=False)
        except FileNotFoundError:
            raise Absent("nft is not installed") from None
        if "not permitted" in run.stderr:
            raise Absent(run.stderr.strip())
        if run.returncode != 0:
            raise SystemExit(f"nft: {run.stderr}")

    def end(self):
        self._nft(f"delete table inet {self.table}")


@case(*BOTH)
def silence(trial):
    """Between each pair of processes packets vanish for twelve seconds, acknowledgements as well."""
    for name, wire in trial.fleet.wires.items():
        quiet = Silence(wire.port)
        try:
            time.sleep(12)
        finally:
            quiet.end()
        trial.load(20)
    trial.measured(", ".join(trial.fleet.wires))
