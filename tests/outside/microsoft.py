"""Runs the Postman collection of Microsoft's SCIM reference code, by newman, against Rollcall.

At least 95 of its 107 assertions must hold. The rest are habits of Microsoft's sample server: `/serviceConfiguration`,
members as bare strings, `displayName` inside a member, `attributes` with a filter in it, filter values without quotes,
a misspelt attribute in a PUT.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

import server

NEWMAN = server.ROOT / ".test" / "npm" / "node_modules" / ".bin" / "newman"
COLLECTION = server.CONFORMANCE / "microsoft" / "PostmanCollection.json"
AT_LEAST, ALL = 95, 107


def main():
    database = server.arguments(__doc__).database
    if not COLLECTION.exists():
        print(f"skipped: {COLLECTION.name} is not here")
        return
    with server.running(database) as rollcall, tempfile.TemporaryDirectory() as directory:
        report = pathlib.Path(directory) / "report.json"
        address = urllib.parse.urlsplit(rollcall.base)
        variables = {
            "Protocol": address.scheme,
            "Server": address.hostname,
            "Port": f":{address.port}",
            "Api": address.path.strip("/"),
            "token": rollcall.secret,
        }
        command = [NEWMAN, "run", COLLECTION, "--reporters", "json", "--reporter-json-export", report]
        for name, value in variables.items():
            command += ["--env-var", f"{name}={value}"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if not report.exists():
            sys.exit(f"newman made no report: {run.stdout}{run.stderr}")
        result = json.loads(report.read_text())["run"]
    counts = result["stats"]["assertions"]
    held = counts["total"] - counts["failed"]
    for failure in result["failures"]:
        print(f"  does not hold: {failure['source'].get('name')}: {failure['error']['message']}")
    print(f"Microsoft's collection on {database}: {held} of {counts['total']} assertions, {AT_LEAST} needed")
    sys.exit(held < AT_LEAST or counts["total"] != ALL or bool(result["stats"]["requests"]["failed"]))


if __name__ == "__main__":
    main()
