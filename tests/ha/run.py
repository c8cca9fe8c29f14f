"""Rollcall over PgBouncer, a streaming replica, and Patroni, each for real, under load; with figures, and judged.

    tests/ha/run.py                         the short form: PgBouncer, replica, PostgreSQL killed
    tests/ha/run.py pgbouncer replica switchover postgres node
"""

import subprocess
import sys
import tempfile
import time

import grpc

from cluster import Cluster, Home, Pooled, psql, until
from load import ACCOUNT, Load, running, stubs

# What must hold.
WRITES, LOOKUPS = 30.0, 5.0
rows = []


def judge(what, load, database_port, database="identity"):
    """Every acknowledged write is there, and nobody was refused for long."""
    kept = set(psql(database_port, "SELECT user_name FROM users", database).splitlines())
    lost = sorted(set(load.acknowledged) - kept)
    writes, lookups = load.gaps()
    rows.append((what, len(load.acknowledged), len(lost), load.refused, writes, lookups))
    print(f"{what}: {len(load.acknowledged)} acknowledged, {len(lost)} lost, longest without writes {writes:.1f} s, without look-ups {lookups:.1f} s", flush=True)
    problems = load.wrong[:5]
    if lost:
        problems.append(f"{len(lost)} acknowledged writes are lost, such as {lost[:3]}")
    if writes > WRITES:
        problems.append(f"no write for {writes:.1f} s")
    if lookups > LOOKUPS:
        problems.append(f"no look-up for {lookups:.1f} s")
    if len(load.acknowledged) < 50:
        problems.append("there was no load")
    if problems:
        sys.exit(f"{what}: " + "; ".join(problems))


def pgbouncer(home, lookups):
    """Transactions that meet another server each time: nothing may be kept between them."""
    pooled = Pooled(home)
    for name in ("identity", "token"):
        psql(pooled.port, f"CREATE DATABASE {name}")
    settings = {
        "ROLLCALL_IDENTITY_DATABASE_URL": pooled.url("identity"),
        "ROLLCALL_TOKEN_DATABASE_URL": pooled.url("token"),
        "ROLLCALL_DATABASE_POOLER": "transaction",
    }
    with running(**settings) as rollcall:
        with Load(rollcall, lookups, writers=12) as load:
            until("writes", lambda: load.count() > 800)
        if load.refused:
            sys.exit(f"{load.refused} requests were refused")
        judge("PgBouncer by transaction", load, pooled.port)
    left = psql(pooled.port, "SELECT count(*) FROM pg_prepared_statements")
    print(f"connections to the server: at most 4 a database and user; prepared statements of this one: {left}")


def settings_of(cluster):
    primary = cluster.primary()
    for name in ("identity", "token"):
        if not psql(primary.port, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            psql(primary.port, f"CREATE DATABASE {name}")
    return {
        "ROLLCALL_IDENTITY_DATABASE_URL": cluster.url("identity", "read-write"),
        "ROLLCALL_TOKEN_DATABASE_URL": cluster.url("token", "read-write"),
        "ROLLCALL_IDENTITY_REPLICA_URL": cluster.url("identity", "prefer-standby"),
    }


def replica(cluster, rollcall, lookups):
    """Look-ups are the replica's; one that must have seen more is the primary's."""
    messages, services = lookups
    with grpc.insecure_channel(f"127.0.0.1:{rollcall.identity}") as channel:
        stub = services.LookupServiceStub(channel)

        def look(name, min_revision=0):
            request = messages.BatchLookupUsersRequest(
                parent=ACCOUNT, keys=[messages.UserKey(user_name=name)], min_revision=min_revision
            )
            answer = stub.BatchLookupUsers(request, timeout=10)
            return len(answer.results[0].users), answer.revision

        def make(name):
            body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name}
            status, answer, _ = rollcall.request("POST", "/Users", body)
            assert status == 201, answer

        make("before")
        until("the replica", lambda: look("before")[0] == 1)
        _, revision = look("before")
        standby = cluster.standby().port
        psql(standby, "SELECT pg_wal_replay_pause()")
        try:
            make("after")
            assert look("after") == (0, revision), "the replica is not asked"
            assert look("after", revision + 1) == (1, revision + 1), "the primary is not asked for what must be seen"
        finally:
            psql(standby, "SELECT pg_wal_replay_resume()")
        until("the replica again", lambda: look("after")[0] == 1)
        try:
            look("after", revision + 1000)
            sys.exit("a revision that has not happened was seen")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.OUT_OF_RANGE, error
    print(f"replica: behind at revision {revision} while its replay was paused; min_revision {revision + 1} was answered by the primary")


def failover(what, cluster, rollcall, lookups, strike):
    before = cluster.primary()
    with Load(rollcall, lookups) as load:
        until("writes", lambda: load.count() > 100)
        moment = time.monotonic()
        strike(before)
        load.until_writes(moment)
        time.sleep(2)
    primary = until("a primary", cluster.primary)
    judge(what, load, primary.port)
    if not before.process.poll() is None:
        before.start()
    cluster.until_synchronous()


def main():
    wanted = sys.argv[1:] or ["pgbouncer", "replica", "postgres"]
    with tempfile.TemporaryDirectory() as directory:
        lookups = stubs(directory)
        home = Home()
        try:
            if "pgbouncer" in wanted:
                pgbouncer(home, lookups)
            rest = [name for name in wanted if name != "pgbouncer"]
            if rest:
                began = time.monotonic()
                cluster = Cluster(home)
                print(f"two nodes under Patroni after {time.monotonic() - began:.1f} s", flush=True)
            for name in rest:
                # Each on databases of its own.
                for database in ("identity", "token"):
                    psql(cluster.primary().port, f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
                with running(**settings_of(cluster)) as rollcall:
                    if name == "replica":
                        replica(cluster, rollcall, lookups)
                    elif name == "switchover":
                        failover("planned switch-over", cluster, rollcall, lookups, lambda _: cluster.switch_over())
                    elif name == "postgres":
                        failover("PostgreSQL killed", cluster, rollcall, lookups, lambda node: node.kill_postgres())
                    elif name == "node":
                        failover("node killed", cluster, rollcall, lookups, lambda node: node.kill())
                    else:
                        sys.exit(f"there is no {name}")
        finally:
            home.end()
    print(f"\n{'':26} {'acknowledged':>12} {'lost':>5} {'told to wait':>12} {'no writes':>10} {'no look-ups':>11}")
    for what, acknowledged, lost, refused, writes, lookups in rows:
        print(f"{what:26} {acknowledged:12} {lost:5} {refused:12} {writes:8.1f} s {lookups:9.1f} s")


try:
    main()
except subprocess.CalledProcessError as error:
    sys.exit(f"{error}: {error.stderr}")
