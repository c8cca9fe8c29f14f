#!/usr/bin/env python3
"""Where the work of a request goes: instructions of the server for each, by what they are for.

    bench/profile.py get --binary target/release/rollcall
    bench/profile.py filter|create|patch --requests 2000

Runs the server under callgrind (Debian's package valgrind). It counts instructions, not time, so that what else the machine does is of no
matter; what the kernel does is not counted. A share is of all instructions but those before the first request that is measured. What is done
for many requests at once, such as a commit, has fewer requests to be shared by than at full speed.
"""

import argparse
import collections
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

CLIENTS = 16
PEOPLE = 100
PATH = "/default/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

# What a function is for, by the crate that its name begins with.
PARTS = {
    "SQLite": [],
    "Diesel: statements put together and bound": ["diesel", "rollcall_db"],
    "memory: asked for and given back": [],
    "memory: copied, compared, cleared": [],
    "HTTP, middleware": ["hyper", "hyper_util", "http", "http_body", "http_body_util", "httparse", "axum", "axum_core", "tower", "tower_http", "tower_service", "matchit", "futures_util", "futures_core"],
    "gRPC within the process": ["tonic", "tonic_prost", "prost", "prost_types", "rollcall_proto", "bytes"],
    "JSON": ["serde", "serde_core", "serde_json", "indexmap", "itoa", "ryu", "zmij"],
    "log, traces, metrics": ["tracing", "tracing_core", "tracing_subscriber", "tracing_opentelemetry", "opentelemetry", "metrics", "metrics_exporter_prometheus", "metrics_util", "nu_ansi_term", "sharded_slab"],
    "runtime, threads": ["tokio", "mio", "parking_lot", "parking_lot_core", "r2d2", "scheduled_thread_pool", "crossbeam_utils"],
    "digests": ["sha2", "digest", "hmac", "block_buffer", "crypto_common"],
    "Rollcall": [],
    "the standard library": ["core", "alloc", "std", "hashbrown", "memchr"],
}
CRATES = {crate: part for part, crates in PARTS.items() for crate in crates}


def part_of(function, library):
    if "libc" in library or "ld-linux" in library:
        if re.search(r"malloc|free|calloc|realloc|unlink_chunk|consolidate", function):
            return "memory: asked for and given back"
        if re.search(r"^(__)?mem[a-z]{3,4}_|strlen|bcmp", function):
            return "memory: copied, compared, cleared"
        return "the C library"
    # In `<A as B>::c` it is A that counts, whatever it is borrowed or boxed in.
    found = re.match(r"[<&*(\s]*(?:mut |dyn |const )*([A-Za-z0-9_]+)(?:\[[0-9a-f]+\])?::", function)
    if not found:
        return "SQLite" if "::" not in function and "rust" not in function else "others"
    crate = found.group(1)
    if crate.startswith("rollcall_") and crate not in CRATES:
        return "Rollcall"
    if crate == "alloc" and re.search(r"__rust|raw_vec|Global", function):
        return "memory: asked for and given back"
    return CRATES.get(crate, "others")


def read(path):
    """The instructions of each function, without those that it calls."""
    names, libraries, costs = {}, {}, collections.Counter()
    function = library = ""
    called = False

    def named(known, text):
        number, _, name = text.partition(" ")
        return known.setdefault(number, name) if name else known.get(number, "")

    for line in path.read_text(errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key == "fn":
            function = named(names, value)
        elif key == "cfn":
            named(names, value)
        elif key == "ob":
            library = named(libraries, value)
        elif key == "cob":
            named(libraries, value)
        elif key == "calls":
            called = True
        elif line[:1] in "+-*0123456789" and line:
            if not called:
                costs[function, library] += int(line.split()[-1])
            called = False
    return costs


def request(connection, token, method, path, body=None):
    headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        headers["Content-Type"] = "application/scim+json"
    connection.request(method, PATH + path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
    return json.loads(content) if content else None


def person(number):
    return {
        "schemas": [USER],
        "userName": f"person{number:08}@example.com",
        "externalId": f"e-{number:08}",
        "displayName": f"The Person {number:08}",
        "name": {"givenName": "Given", "familyName": "Person"},
        "emails": [{"value": f"mail{number:08}@example.com", "type": "work", "primary": True}],
        "active": True,
    }


def ask(connection, token, operation, ids, number):
    match operation:
        case "get":
            request(connection, token, "GET", f"/Users/{ids[number % PEOPLE]}")
        case "filter":
            request(connection, token, "GET", f"/Users?filter=userName%20eq%20%22person{number % PEOPLE:08}%40example.com%22")
        case "create":
            request(connection, token, "POST", "/Users", person(PEOPLE + number))
        case "patch":
            switch = {"op": "replace", "path": "active", "value": number // PEOPLE % 2 == 1}
            request(connection, token, "PATCH", f"/Users/{ids[number % PEOPLE]}", {"schemas": [PATCH], "Operations": [switch]})


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("operation", choices=["get", "filter", "create", "patch"])
    options.add_argument("--binary", default="target/release/rollcall", type=pathlib.Path)
    options.add_argument("--requests", default=1600, type=int)
    options.add_argument("--keep", type=pathlib.Path, help="write what callgrind found there, for callgrind_annotate")
    options = options.parse_args()
    binary = options.binary.resolve()
    with tempfile.TemporaryDirectory() as home:
        found = pathlib.Path(home, "callgrind.out")
        listen = {f"ROLLCALL_{name}_LISTEN": "127.0.0.1:0" for name in ("SCIM", "IDENTITY", "TOKEN")}
        environment = os.environ | listen | {"ROLLCALL_DATA_DIR": home, "ROLLCALL_CONSOLE_LISTEN": "off"}
        valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={found}"]
        with open(pathlib.Path(home, "log"), "w") as log:
            server = subprocess.Popen([*valgrind, binary], env=environment, cwd=home, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            addresses = {}
            while len(addresses) < 3:
                line = server.stdout.readline()
                if not line:
                    sys.exit("the server does not start:\n" + pathlib.Path(home, "log").read_text())
                name, _, address = line.partition(" ")
                if name in ("scim", "identity", "token"):
                    addresses[name] = address.strip()
            generated = subprocess.run(
                [binary, "token", "generate", "default"],
                env=os.environ | {"ROLLCALL_TOKEN_SERVICE": addresses["token"]},
                check=True,
                capture_output=True,
                text=True,
            )
            token = re.search(r"rollcall_\S+", generated.stdout).group(0)
            host = addresses["scim"].removeprefix("http://")

            def client(operation, ids, count, first):
                connection = http.client.HTTPConnection(host, timeout=120)
                for number in range(first, count, CLIENTS):
                    ask(connection, token, operation, ids, number)

            def clients(operation, count):
                with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
                    for done in [pool.submit(client, operation, ids, count, first) for first in range(CLIENTS)]:
                        done.result()

            connection = http.client.HTTPConnection(host, timeout=120)
            ids = [request(connection, token, "POST", "/Users", person(number))["id"] for number in range(PEOPLE)]
            clients("get", 320)
            control = ["callgrind_control", str(server.pid)]
            subprocess.run([*control, "--instr=on"], check=True, capture_output=True)
            clients(options.operation, options.requests)
            subprocess.run([*control, "--instr=off"], check=True, capture_output=True)
        finally:
            server.terminate()
            server.wait(60)
        costs = read(found)
        if options.keep:
            options.keep.write_bytes(found.read_bytes())
    parts = collections.Counter()
    for (function, library), cost in costs.items():
        parts[part_of(function, library)] += cost
    total = sum(parts.values())
    print(f"| {options.operation}: what for | instructions | share |\n|---|---:|---:|")
    for part, cost in parts.most_common():
        print(f"| {part} | {cost // options.requests} | {cost / total:.0%} |")
    print(f"| all | {total // options.requests} | |")


if __name__ == "__main__":
    main()
