"""Runs scim2-tester, through scim2-cli, against Rollcall: no error may be reported."""

import os
import pathlib
import subprocess
import sys

import server


def main():
    database = server.arguments(__doc__).database
    with server.running(database) as rollcall:
        scim2 = pathlib.Path(sys.executable).with_name("scim2")
        run = subprocess.run(
            [scim2, "--url", rollcall.base, "test", "--verbose"],
            env=os.environ | {"SCIM_CLI_HEADERS": f"Authorization: Bearer {rollcall.secret}"},
            capture_output=True,
            text=True,
            check=False,
        )
    lines = [line for line in run.stdout.splitlines() if line.strip()]
    counts = {}
    for line in lines:
        kind = line.split()[0]
        if kind.isupper():
            counts[kind] = counts.get(kind, 0) + 1
    if run.returncode != 0:
        print(run.stdout, run.stderr)
    print(f"scim2-tester on {database}: exit {run.returncode}, " + ", ".join(f"{n} {kind}" for kind, n in counts.items()))
    sys.exit(run.returncode != 0)


if __name__ == "__main__":
    main()
