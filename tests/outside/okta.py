"""Runs Okta's published SCIM tests, which are in the export format of Runscope, against Rollcall.

Understood are the kinds of step, comparison and source that occur in them; anything else is an error, so that nothing
is left out in silence. Scripts are not run; they assert nothing that a comparison does not.
"""

import json
import re
import sys
import time
import urllib.parse
import uuid

import requests

import server

FILES = {"Okta-SCIM-20-SPEC-Test.json": 52, "Okta-SCIM-20-Entitlements-Test.json": 6}
MISSING = object()


def variables(rollcall):
    """What an administrator sets before the run, and the random values that Runscope would make."""
    mark = uuid.uuid4().hex[:8]
    return {
        "SCIMBaseURL": rollcall.base,
        "auth": f"Bearer {rollcall.secret}",
        "InvalidUserEmail": "abcdefgh@atko.com",
        "UserIdThatDoesNotExist": "010101001010101011001010101011",
        "randomEmail": f"{mark}@example.com",
        "randomUsername": f"runscope{mark}@example.com",
        "randomUsernameCaps": f"RUNSCOPE{mark}@EXAMPLE.COM",
        "randomGivenName": f"Given{mark}",
        "randomFamilyName": f"Family{mark}",
        "EntitlementEndpoint": "/Users",
    }


def expand(text, values):
    return re.sub(r"\{\{(\w+)\}\}", lambda name: values[name[1]], text)


def find(document, path):
    """The value at `a.b[0].c`, or MISSING."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            document = document[int(index)] if index else document[name]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return document


def text(value):
    """A value as Runscope compares it: JSON's words for what is not text."""
    return value if isinstance(value, str) else json.dumps(value)


COMPARISONS = {
    "equal": lambda found, wanted: found is not MISSING and text(found) == wanted,
    "equal_number": lambda found, wanted: found is not MISSING and float(found) == float(wanted),
    "not_empty": lambda found, _: found is not MISSING and found not in (None, "", [], {}),
    "has_value": lambda found, wanted: isinstance(found, list) and wanted in found,
    "contains": lambda found, wanted: found is not MISSING and wanted in (found if isinstance(found, list) else text(found)),
    "is_a_number": lambda found, _: isinstance(found, (int, float)) and not isinstance(found, bool),
    "is_less_than": lambda found, wanted: found is not MISSING and float(found) < float(wanted),
}


def value_of(source, name, response, body):
    match source:
        case "response_status":
            return response.status_code
        case "response_json":
            return find(body, name)
        case "response_time":
            return response.elapsed.total_seconds() * 1000
    raise SystemExit(f"a source that this runner does not know: {source}")


def request(step, values):
    """Sends the request of a step. The query is encoded as a browser would: the files hold it as people read it."""
    address = expand(step["url"], values)
    headers = {name: expand(lines[0], values) for name, lines in step["headers"].items()}
    body = step.get("body") or step.get("data") or ""
    return requests.request(
        step["method"],
        urllib.parse.quote(address, safe=":/?&=%+,"),
        headers=headers,
        data=expand(body, values).encode() or None,
        timeout=30,
    )


def run(suite, values):
    """Every assertion of a suite: how many held, and a line for each that did not."""
    held, failures = 0, []
    for step in suite["steps"]:
        if step["step_type"] == "pause":
            continue  # They spare a distant server; this one is ours.
        if step["step_type"] != "request":
            raise SystemExit(f"a step that this runner does not know: {step['step_type']}")
        response = request(step, values)
        try:
            body = response.json()
        except ValueError:
            body = None
        for assertion in step["assertions"]:
            found = value_of(assertion["source"], assertion.get("property"), response, body)
            wanted = assertion.get("value")
            wanted = expand(str(wanted), values) if wanted is not None else None
            if COMPARISONS[assertion["comparison"]](found, wanted):
                held += 1
            else:
                where = assertion.get("property") or assertion["source"]
                failures.append(
                    f"{step['note']}: {where} {assertion['comparison']} {wanted or ''}: found {found!r}\n"
                    f"    {step['method']} {response.url} -> {response.status_code} {response.text}"
                )
        for variable in step["variables"]:
            found = value_of(variable["source"], variable["property"], response, body)
            values[variable["name"]] = "" if found is MISSING else text(found)
    return held, failures


def main():
    database = server.arguments(__doc__).database
    failed = False
    for name, expected in FILES.items():
        path = server.CONFORMANCE / "okta" / name
        if not path.exists():
            print(f"skipped: {name} is not here")
            continue
        with server.running(database) as rollcall:
            first = {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": "first@example.com",
                "active": True,
                "name": {"givenName": "First", "familyName": "User"},
                "emails": [{"value": "first@example.com", "type": "work", "primary": True}],
            }
            made = requests.post(f"{rollcall.base}/Users", json=first, headers=rollcall.headers, timeout=30)
            assert made.status_code == 201, made.text
            began = time.monotonic()
            held, failures = run(json.loads(path.read_text()), variables(rollcall))
        print(f"{name} on {database}: {held} of {held + len(failures)} assertions in {time.monotonic() - began:.1f} s")
        print(*failures, sep="\n")
        failed |= bool(failures) or held != expected
    sys.exit(failed)


if __name__ == "__main__":
    main()
