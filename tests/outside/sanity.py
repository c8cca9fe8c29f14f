"""Runs scim-sanity against Rollcall: everything must pass but what insists that PATCH of a group answers 200.

Microsoft wants 204 there, and RFC 7644 section 3.5.2 allows both.
"""

import json
import pathlib
import subprocess
import sys

import server

# The names of the tests that may fail, for the reason above and no other.
TOLERATED = {
    "PATCH /Groups/{id}",
    "PATCH /Groups/{id} add member",
    "PATCH /Groups/{id} remove members",
}
REASON = "got 204"


def main():
    database = server.arguments(__doc__).database
    with server.running(database) as rollcall:
        sanity = pathlib.Path(sys.executable).with_name("scim-sanity")
        run = subprocess.run(
            [sanity, "probe", rollcall.base, "--token", rollcall.secret, "--json-output", "--i-accept-side-effects"],
            capture_output=True,
            text=True,
            check=False,
        )
    # Before the report there may be a warning, a JSON object of its own.
    decoder, position, report = json.JSONDecoder(), 0, None
    while (start := run.stdout.find("{", position)) >= 0:
        document, position = decoder.raw_decode(run.stdout, start)
        report = document if "results" in document else report
    if not report:
        sys.exit(f"scim-sanity made no report: {run.stdout}{run.stderr}")
    passed, tolerated, failed = 0, [], []
    for result in report["results"]:
        match result["status"].lower():
            case "pass":
                passed += 1
            case "skip":
                pass
            case _ if result["name"] in TOLERATED and REASON in result["message"]:
                tolerated.append(result["name"])
            case _:
                failed.append(result)
    for result in failed:
        print(f"  {result['status']}: {result['phase']}: {result['name']}: {result['message']}")
    print(f"scim-sanity on {database}: {passed} passed, {len(failed)} failed, tolerated: {', '.join(tolerated) or 'none'}")
    sys.exit(bool(failed) or not passed)


if __name__ == "__main__":
    main()
