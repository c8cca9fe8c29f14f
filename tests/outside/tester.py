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
    kinds = ("SUCCESS", "COMPLIANT", "ACCEPTABLE", "DEVIATION", "SKIPPED", "ERROR", "CRITICAL")
    counts, kind = {}, None
    for line in run.stdout.splitlines():
        word = line.split(" ")[0]
        if word.isupper() and word in kinds:
            kind = word
            counts[kind] = counts.get(kind, 0) + 1
        if kind in ("ERROR", "CRITICAL"):
            print(line)
    if run.returncode != 0:
        print(run.stderr, end="")
    print(f"scim2-tester on {database}: {', '.join(f'{number} {kind}' for kind, number in counts.items())}")
    sys.exit(run.returncode != 0 or not counts.get("SUCCESS"))


if __name__ == "__main__":
    main()
