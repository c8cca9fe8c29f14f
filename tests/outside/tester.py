"""Runs scim2-tester, through scim2-cli, against Rollcall: no error may be reported."""

import os
import subprocess
import sys

import server

# scim2-tester makes up no times and no PINs: it sends any text of 36 characters.
COMMAND = """
import datetime, itertools, sys
from scim2_tester import filling
from scim2_cli import cli
times = (datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(days=n) for n in itertools.count())
example = filling.get_random_example_value
def with_times(path):
    binding = path.resolve()
    if binding is not None and binding.target_type is datetime.datetime:
        return next(times)
    if binding is not None and binding.target_field_name == "pin":
        return "8391527046"
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
    # What it says of one check: its kind, and the lines of it.
    checks = []
    for line in run.stdout.splitlines():
        word = line.split(" ")[0]
        if word.isupper() and word in kinds:
            checks.append((word, []))
        if checks:
            checks[-1][1].append(line)
    # It wants every value back as it was sent. A card number is answered masked, on purpose.
    masked = "\N{BULLET}" * 8
    counts, failed = {}, False
    for kind, lines in checks:
        bad = kind in ("ERROR", "CRITICAL")
        if bad and any("Returned value" in line and masked in line for line in lines):
            kind, bad = "MASKED", False
        counts[kind] = counts.get(kind, 0) + 1
        if bad:
            failed = True
            print("\n".join(lines))
    if not counts:
        print(run.stderr, end="")
    print(f"scim2-tester on {database}: {', '.join(f'{number} {kind}' for kind, number in counts.items())}")
    sys.exit(failed or not counts.get("SUCCESS"))


if __name__ == "__main__":
    main()
