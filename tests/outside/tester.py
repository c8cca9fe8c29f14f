"""Runs scim2-tester, through scim2-cli, against Rollcall: no error may be reported."""

import os
import subprocess
import sys

import server

# scim2-tester makes up no times: it sends any text where a schema says dateTime.
COMMAND = """
import datetime, sys
from scim2_tester import filling
from scim2_cli import cli
example = filling.get_random_example_value
def with_times(path):
    binding = path.resolve()
    if binding is not None and binding.target_type is datetime.datetime:
        return datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
    return example(path)
filling.get_random_example_value = with_times
sys.argv[0] = "scim2"
cli()
"""


def main():
    database = server.arguments(__doc__).database
    with server.running(database) as rollcall:
        run = subprocess.run(
            [sys.executable, "-c", COMMAND, "--url", rollcall.base, "test", "--verbose"],
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
