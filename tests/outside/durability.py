"""What was acknowledged is there after the power of SIGKILL, and was on the disk before it was acknowledged.

A kill alone cannot show a missing flush: the pages are the kernel's by then. So the system calls are watched as well:
between the last write of a commit and the answer to the client, the log must have been flushed.
"""

import concurrent.futures
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import requests

import server

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
WRITERS, ROUNDS, LOAD = 16, 3, 2.0


def write(rollcall, group, writer, number, acknowledged, session):
    """One person and one membership; each is noted when it was acknowledged, and only then."""
    name = f"round-{writer}-{number}"
    body = {"schemas": [USER], "userName": name, "displayName": f"before {name}"}
    made = session.post(f"{rollcall.base}/Users", json=body, timeout=30)
    assert made.status_code == 201, made.text
    user = made.json()["id"]
    acknowledged[user] = {"displayName": f"before {name}", "member": False}

    add = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "members", "value": [{"value": user}]}]}
    made = session.patch(f"{rollcall.base}/Groups/{group}", json=add, timeout=30)
    assert made.status_code == 204, made.text
    acknowledged[user]["member"] = True

    # From here until the answer, either name is right.
    acknowledged[user]["displayName"] = None
    change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": f"after {name}"}]}
    made = session.patch(f"{rollcall.base}/Users/{user}", json=change, timeout=30)
    assert made.status_code == 200, made.text
    acknowledged[user]["displayName"] = f"after {name}"


def load(rollcall, group, tag, stop):
    """Writes from 16 clients until the server is gone. Returns all that was acknowledged."""

    def client(writer):
        acknowledged, number = {}, 0
        with requests.Session() as session:
            session.headers.update(rollcall.headers)
            while True:
                try:
                    write(rollcall, group, f"{tag}-{writer}", number, acknowledged, session)
                except requests.RequestException:
                    if stop.is_set():
                        return acknowledged
                    raise
                number += 1

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        killer = threading.Timer(LOAD, lambda: (stop.set(), rollcall.kill()))
        killer.start()
        results = list(pool.map(client, range(WRITERS)))
        killer.join()
    return {user: state for result in results for user, state in result.items()}


def check(rollcall, group, acknowledged):
    """A line for each acknowledged write that is not there."""
    lost, found, session = [], {}, requests.Session()
    session.headers.update(rollcall.headers)
    start = 1
    while True:
        page = session.get(f"{rollcall.base}/Users?startIndex={start}&count=1000", timeout=60).json()
        found |= {user["id"]: user for user in page["Resources"]}
        start += page["itemsPerPage"]
        if not page["itemsPerPage"] or start > page["totalResults"]:
            break
    for user, state in acknowledged.items():
        if user not in found:
            lost.append(f"{user}: created, and gone")
            continue
        name = found[user].get("displayName")
        if state["displayName"] not in (None, name):
            lost.append(f"{user}: displayName was {state['displayName']!r}, and is {name!r}")
        if state["member"] and group not in [one["value"] for one in found[user].get("groups", [])]:
            lost.append(f"{user}: was made a member, and is none")
    return lost


def kills(database):
    """Kills the server in the middle of its load, several times over the same data."""
    store, acknowledged, failed = server.Store(database), {}, False
    rollcall = server.Rollcall(store)
    try:
        secret = rollcall.generate_token()
        body = {"schemas": [GROUP], "displayName": "everybody"}
        group = requests.post(f"{rollcall.base}/Groups", json=body, headers=rollcall.headers, timeout=30).json()["id"]
        for round_ in range(ROUNDS):
            acknowledged |= load(rollcall, group, round_, threading.Event())
            rollcall = server.Rollcall(store)
            rollcall.secret = secret
            lost = check(rollcall, group, acknowledged)
            print(f"killed on {database}, round {round_ + 1}: {len(acknowledged)} people acknowledged, {len(lost)} losses")
            print(*lost[:20], sep="\n", end="\n" if lost else "")
            failed |= bool(lost) or not acknowledged
        rollcall.stop()
    finally:
        if rollcall.process.poll() is None:
            rollcall.kill()
        store.drop()
    return failed


def flushes():
    """Watches single writes on SQLite: each answer must come after a flush of the log that came after the log's last write.

    A write is answered once its commit is flushed, so with one client at a time the order of system calls tells all.
    """
    store, writes = server.Store("sqlite"), 20
    trace = pathlib.Path(store.directory) / "trace"
    calls = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg"
    tracer = ["strace", "-f", "-y", "-ttt", "-T", "-s", "200", "-e", calls, "-o", str(trace)]
    rollcall = server.Rollcall(store, tracer)
    try:
        rollcall.generate_token()
        address = urllib.parse.urlsplit(rollcall.base)
        # One connection, so that the answers are the only writes to its socket.
        connection = socket.create_connection((address.hostname, address.port))
        statuses = []
        for number in range(writes):
            body = f'{{"schemas":["{USER}"],"userName":"traced-{number}"}}'
            request = (
                f"POST {address.path}/Users HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"Authorization: Bearer {rollcall.secret}\r\nContent-Type: application/scim+json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}"
            )
            connection.sendall(request.encode())
            statuses.append(connection.recv(65536).split(b" ")[1])
            time.sleep(0.02)
        connection.close()
        assert statuses == [b"201"] * writes, statuses
    finally:
        # The child of strace is the server; strace ends with it.
        tracer_id = rollcall.process.pid
        children = pathlib.Path(f"/proc/{tracer_id}/task/{tracer_id}/children").read_text().split()
        for sent in (signal.SIGTERM, signal.SIGKILL):
            for child in children:
                os.kill(int(child), sent)
            try:
                rollcall.process.wait(server.PATIENCE)
                break
            except subprocess.TimeoutExpired:
                print("the server did not end upon SIGTERM")
    seen = trace.read_text()
    failures = judge(seen, writes)
    # A check that cannot fail shows nothing: without the flushes it must refuse every answer.
    unflushed = "\n".join(line for line in seen.splitlines() if "sync" not in line)
    if not failures and len(judge(unflushed, writes)) != writes:
        failures.append("the check does not notice when the flushes are missing")
    store.drop()
    print(f"system calls on sqlite: {writes} writes, {len(failures)} answered before their flush")
    print(*failures[:5], sep="\n", end="\n" if failures else "")
    return bool(failures)


STARTED = re.compile(r"^(\d+) +([\d.]+) (\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+) +([\d.]+) <\.\.\. (\w+) resumed>(.*)$")
DURATION = re.compile(r"<([\d.]+)>$")


def system_calls(text):
    """Each call as (when it began, when it ended, name, arguments), in the order in which they ended."""
    waiting, calls = {}, []
    for line in text.splitlines():
        if begun := STARTED.match(line):
            thread, time_, name, rest = begun.groups()
            if rest.endswith("<unfinished ...>"):
                waiting[thread] = (float(time_), name, rest)
            elif duration := DURATION.search(rest):
                calls.append((float(time_), float(time_) + float(duration[1]), name, rest))
        elif resumed := RESUMED.match(line):
            thread, time_, name, rest = resumed.groups()
            if thread in waiting and waiting[thread][1] == name:
                begun_at, _, arguments = waiting.pop(thread)
                calls.append((begun_at, float(time_), name, arguments + rest))
    return sorted(calls, key=lambda call: call[1])


def judge(text, writes):
    """A line for each answer 201 that was sent before the log was flushed."""
    log = "identity.db-wal"
    calls = system_calls(text)
    failures, answers, previous = [], 0, 0.0
    for began, _, _, arguments in sorted(calls):
        if '"HTTP/1.1 201' not in arguments:
            continue
        answers += 1
        written = [end for _, end, name, args in calls if "write" in name and log in args and previous < end < began]
        flushed = [
            start for start, end, name, args in calls if name in ("fsync", "fdatasync") and log in args and previous < end < began
        ]
        if not written:
            failures.append(f"answer {answers}: nothing was written to {log} before it")
        elif not flushed or max(flushed) < max(written):
            failures.append(f"answer {answers}: {log} was written and not flushed before the answer")
        previous = began
    if answers != writes:
        failures.append(f"{answers} answers were seen, {writes} were sent")
    return failures


def main():
    database = server.arguments(__doc__).database
    failed = kills(database)
    if database == "sqlite":
        failed |= flushes()
    sys.exit(failed)


if __name__ == "__main__":
    main()
