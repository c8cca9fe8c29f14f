"""Runs schemathesis on docs/openapi.yaml against Rollcall: no failure of the service, and no answer outside of the document.

SCHEMATHESIS_SECONDS says how long (60); SCHEMATHESIS_SEED repeats a run.
"""

import collections
import os
import pathlib
import re
import subprocess
import sys

import yaml

import server

DOCUMENT = server.ROOT / "docs" / "openapi.yaml"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
]
SKIPPED = "/Me"


def documented():
    """Every method and path of the document that is tried."""
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"]
    methods = ("get", "post", "put", "patch", "delete")
    return [(method.upper(), path) for path in paths if path != SKIPPED for method in methods if method in paths[path]]


def main():
    database = server.arguments(__doc__).database
    seconds = os.environ.get("SCHEMATHESIS_SECONDS", "60")
    seed = os.environ.get("SCHEMATHESIS_SEED")
    with server.running(database) as rollcall:
        command = [
            pathlib.Path(sys.executable).with_name("schemathesis"),
            "run",
            DOCUMENT,
            f"--url={rollcall.base}",
            f"--header=Authorization: Bearer {rollcall.secret}",
            f"--checks={','.join(CHECKS)}",
            # That 501 is an answer of this one is documented, and tested elsewhere.
            f"--exclude-path={SKIPPED}",
            f"--max-time={seconds}",
            "--continue-on-failure",
            "--request-timeout=30",
            "--suppress-health-check=all",
            "--warnings=off",
            "--no-color",
        ]
        if seed:
            command.append(f"--seed={seed}")
        # Where it may leave a database of examples; nothing of it is kept.
        run = subprocess.run(command, cwd=rollcall.store.directory, check=False)
        log = re.sub(r"\x1b\[[0-9;]*m", "", rollcall.logged())
    # Tests that only ever meet refusals would show little; that it is few is chance.
    refused = 0
    lines = re.findall(r'method=(\w+) route="?\S*/v2([^"\s]*)"? .*?status=(\d+)', log)
    reached = collections.Counter((method, path or "/", status) for method, path, status in lines)
    for method, path in documented():
        statuses = {status: number for (*line, status), number in reached.items() if line == [method, path]}
        print(f"{method:6} {path:22}", *(f"{status}: {number}" for status, number in sorted(statuses.items())))
        refused += not any(status.startswith("2") for status in statuses)
    failed = refused > 2 or run.returncode != 0
    print(f"schemathesis on {database}: {'FAILED' if failed else 'passed'}; {refused} operations never succeeded")
    sys.exit(failed)


if __name__ == "__main__":
    main()
