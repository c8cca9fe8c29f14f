"""More than there is capacity for, and clients that mean harm."""

import asyncio
import json
import resource
import socket
import threading
import time

from case import case

BOTH = ("sqlite", "postgres")
# Of one gateway, in MiB.
MEMORY = 400
ACCEPTED_WITHIN = 1.0


def allow_files(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count, hard)), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Flood:
    """Connections of one account that each ask again as soon as they are answered, in a thread of their own."""

    def __init__(self, port, secret, account, connections):
        self.port, self.secret, self.account, self.connections = port, secret, account, connections
        self.statuses, self.slowest, self.wrong, self.stopped = {}, 0.0, [], False
        self.thread = threading.Thread(target=lambda: asyncio.run(self.all()), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.thread.join(60)

    async def all(self):
        await asyncio.gather(*(self.one(number) for number in range(self.connections)))

    async def one(self, number):
        count = 0
        while not self.stopped:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                while not self.stopped:
                    count += 1
                    await self.ask(reader, writer, f"flood-{number}-{count}")
                writer.close()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.2)

    async def ask(self, reader, writer, name):
        body = json.dumps({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
        head = (
            f"POST /{self.account}/scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.secret}\r\n"
            f"Content-Type: application/scim+json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic()
        writer.write((head + body).encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        status = int(answer.split(" ")[1])
        headers = {line.split(":")[0].lower(): line.split(":")[1].strip() for line in answer.split("\r\n")[1:] if ":" in line}
        await reader.readexactly(int(headers.get("content-length", 0)))
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 201:
            self.slowest = max(self.slowest, time.monotonic() - began)
        elif status not in (429, 503) or "retry-after" not in headers:
            self.wrong.append(f"a flooding client was answered {status} {headers}")


def slowest_since(trial):
    for worker in trial.world.workers:
        worker.caller.slowest = 0.0
    return lambda: max(worker.caller.slowest for worker in trial.world.workers)


@case(*BOTH)
def flood(trial):
    """One account floods by 300 connections at once; another goes on beside it, and memory stays bounded."""
    fleet = trial.fleet
    fleet.make_account("flooder")
    secret = fleet.new_token("flooder")
    allow_files(4096)
    slowest, before = slowest_since(trial), {name: fleet.resident(name) for name in fleet.services}
    with Flood(fleet.ports["gateway"], secret, "flooder", 300) as flooding:
        time.sleep(10)
        trial.load(20)
        after = {name: fleet.resident(name) for name in fleet.services}
    trial.wrong += flooding.wrong[:3]
    trial.must(sum(flooding.statuses.values()) > 500, f"there was no flood: {flooding.statuses}")
    trial.must(slowest() < ACCEPTED_WITHIN, f"another account's request took {slowest():.1f} s")
    for name, resident in after.items():
        trial.must(resident - before[name] < MEMORY, f"{name} grew by {resident - before[name]:.0f} MiB")
    grown = ", ".join(f"{name} by {after[name] - before[name]:.0f} MiB" for name in after)
    trial.measured(f"answers to the flood {flooding.statuses}, the slowest accepted {flooding.slowest:.1f} s; the other account's slowest {slowest():.2f} s; grew {grown}")


def connections(port, count):
    """So many open connections."""
    found = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port), timeout=10)
        one.setblocking(False)
        found.append(one)
    return found


def ended(found):
    """How many the other side has closed."""
    count = 0
    for one in found:
        try:
            while one.recv(64 * 1024):
                pass
            count += 1
        except BlockingIOError:
            pass
        except OSError:
            count += 1
    return count


@case("sqlite")
def slow_loris(trial):
    """A thousand clients send a byte of a request each second, half of them in the headers and half in the body."""
    port, slowest = trial.fleet.ports["gateway"], slowest_since(trial)
    trial.fleet.make_account("slow")
    secret = trial.fleet.new_token("slow")
    allow_files(4096)
    found = connections(port, 1000)
    start = f"POST /slow/scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/scim+json\r\n"
    for number, one in enumerate(found):
        text = start + ("Content-Length: 1000\r\n\r\n{" if number % 2 else "X-Slow: ")
        one.send(text.encode())
    end = time.monotonic() + 45
    while time.monotonic() < end and ended(found) < len(found):
        for one in found:
            try:
                one.send(b" ")
            except OSError:
                pass
        time.sleep(1)
    trial.must(slowest() < ACCEPTED_WITHIN, f"beside slow clients a request took {slowest():.1f} s")
    gone = ended(found)
    trial.must(gone == len(found), f"of 1000 slow clients only {gone} were sent away")
    trial.measured(f"{gone} of 1000 were sent away; the slowest of the others took {slowest():.2f} s")
    for one in found:
        one.close()
    trial.load(20)


@case("sqlite")
def idle_connections(trial):
    """Ten thousand connections that say nothing; those who come later are served all the same."""
    port = trial.fleet.ports["gateway"]
    allowed = allow_files(12_000)
    count = min(10_000, allowed - 500)
    before = trial.fleet.resident("gateway")
    found, began = [], time.monotonic()
    while len(found) < count and time.monotonic() < began + 60:
        try:
            found += connections(port, min(500, count - len(found)))
        except OSError:
            time.sleep(1)
    grown = trial.fleet.resident("gateway") - before
    began = time.monotonic()
    answered = None
    while answered is None and time.monotonic() < began + 60:
        try:
            answered = trial.fleet.request("GET", "/Users?count=1", trial.fleet.secret)[0]
        except OSError:
            pass
    trial.must(answered == 200, "nobody else was served within a minute")
    trial.must(grown < MEMORY, f"the gateway grew by {grown:.0f} MiB")
    trial.measured(f"{len(found)} connections; a new one was served after {time.monotonic() - began:.1f} s; the gateway grew by {grown:.0f} MiB")
    for one in found:
        one.close()
    trial.load(20)


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# HPACK: GET, http, path of four bytes, authority of one.
HEADERS = b"\x82\x86\x44\x04/x/y\x41\x01x"


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


@case("sqlite")
def http2_floods(trial):
    """Over HTTP/2: streams that are opened and reset at once, and frames that hold nothing, as fast as they go."""
    slowest = slowest_since(trial)
    before = trial.fleet.resident("gateway")
    ports = {"gateway": trial.fleet.ports["gateway"], "identity": trial.fleet.ports["identity"]}
    sent = {}
    for name, port in ports.items():
        for what in ("resets", "empty frames", "settings"):
            sent[f"{what} at {name}"] = storm(port, what)
    time.sleep(1)
    grown = trial.fleet.resident("gateway") - before
    trial.must(grown < MEMORY, f"the gateway grew by {grown:.0f} MiB")
    trial.must(slowest() < 2 * ACCEPTED_WITHIN, f"beside the floods a request took {slowest():.1f} s")
    trial.measured("; ".join(f"{what}: {count}" for what, count in sent.items()) + f"; the gateway grew by {grown:.0f} MiB")
    trial.load(20)


def storm(port, what, seconds=3):
    """How many frames were taken before the connection was ended, on as many connections as it takes."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        one = socket.create_connection(("127.0.0.1", port), timeout=2)
        try:
            one.sendall(PREFACE + frame(4, 0, 0))
            stream = 1
            while time.monotonic() < end:
                block = b""
                for _ in range(100):
                    if what == "resets":
                        block += frame(1, 5, stream, HEADERS) + frame(3, 0, stream, (8).to_bytes(4, "big"))
                        stream += 2
                    elif what == "settings":
                        block += frame(4, 0, 0)
                    else:
                        block += frame(1, 4, stream, HEADERS) if stream == 1 else frame(0, 0, 1)
                        stream = 3
                one.sendall(block)
                count += 100
        except OSError:
            pass
        finally:
            one.close()
    return count
