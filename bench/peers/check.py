#!/usr/bin/env python3
"""Starts a peer, tries each operation once as an identity provider would, and prints what works and what is answered wrongly.

    bench/peers/check.py NAME

What is wrong with a peer is a finding, held in peers.toml; the exit code is 1 where peers.toml says otherwise.
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import tomllib
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 60
FILL = 120
PAGE = 50
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Wrong(Exception):
    """What was answered instead."""


class Peer:
    def __init__(self, name: str, data: pathlib.Path):
        command = [HERE / "start", name, data]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(self.process.stderr.read().strip())
        self.told = json.loads(line)
        self.base = urllib.parse.urlsplit(self.told["base"])

    def send(self, method: str, path: str, body=None, **query):
        """The status, and the body, which is None where there is none."""
        connection = http.client.HTTPConnection(self.base.netloc, timeout=SECONDS)
        headers = {"Authorization": f"Bearer {self.told['token']}", "Accept": "application/scim+json"}
        if body is not None:
            headers["Content-Type"] = "application/scim+json"
        path = self.base.path + path + ("?" + urllib.parse.urlencode(query) if query else "")
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        try:
            return answer.status, json.loads(text) if text else None
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def expect(self, status, method: str, path: str, body=None, **query):
        """The body of an answer that must have this status, or one of these."""
        found, answer = self.send(method, path, body, **query)
        if found not in (status if isinstance(status, tuple) else (status,)):
            detail = answer.get("detail", "") if isinstance(answer, dict) else ""
            # An id is another one each time.
            raise Wrong(re.sub("[0-9a-f-]{32,36}", "ID", f"{found}: {detail}".removesuffix(": ")))
        return answer

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def kill(self):
        """Ends its processes without a word, those that a connection brought too."""
        pids = list(self.told["pids"])
        for pid in pids:
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                pids += [int(child) for child in children.read_text().split()]
        for pid in set(pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def user(name: str) -> dict:
    return {
        "schemas": [USER],
        "userName": f"{name}@example.com",
        "externalId": f"e-{name}",
        "displayName": f"The {name}",
        "name": {"givenName": name.title(), "familyName": "Person"},
        "emails": [{"value": f"{name}.mail@example.com", "type": "work", "primary": True}],
        "active": True,
    }


def ids(answer: dict) -> list:
    return [resource["id"] for resource in answer["Resources"]]


class Check:
    """One method for each operation, in the order in which they are tried; it raises Wrong."""

    def __init__(self, peer: Peer):
        self.peer = peer
        self.users = []
        self.anna = {}
        self.group = ""

    def create(self):
        self.anna = self.peer.expect(201, "POST", "/Users", user("anna"))
        if not self.anna.get("id"):
            raise Wrong("201, without an id")
        self.users.append(self.anna["id"])

    def create_keeps(self):
        sent, found = user("anna"), self.get_anna()
        lost = [key for key in ("userName", "externalId", "displayName", "active") if found.get(key) != sent[key]]
        lost += [f"name.{key}" for key, value in sent["name"].items() if found.get("name", {}).get(key) != value]
        email = (found.get("emails") or [{}])[0]
        lost += [f"emails.{key}" for key, value in sent["emails"][0].items() if email.get(key) != value]
        if lost:
            raise Wrong(f"loses {', '.join(lost)}")

    def create_duplicate(self):
        self.refused({**user("other"), "userName": "anna@example.com"})

    def create_duplicate_case(self):
        self.refused({**user("other"), "userName": "ANNA@example.com"})

    def refused(self, body: dict):
        found, answer = self.peer.send("POST", "/Users", body)
        if found == 201:
            self.peer.send("DELETE", f"/Users/{answer['id']}")
        if found != 409:
            raise Wrong(f"{found} instead of 409")

    def get(self):
        if self.get_anna().get("id") != self.anna["id"]:
            raise Wrong("200, with another id")

    def get_anna(self) -> dict:
        return self.peer.expect(200, "GET", f"/Users/{self.anna['id']}")

    def find(self, filter: str, expected: list):
        answer = self.peer.expect(200, "GET", "/Users", filter=filter)
        if not isinstance(answer, dict) or "Resources" not in answer and answer.get("totalResults") != 0:
            raise Wrong("200, without a ListResponse")
        found = ids({"Resources": [], **answer})
        if found != expected or answer["totalResults"] != len(expected):
            raise Wrong(f"200, with {len(found)} users instead of {len(expected)}")

    def filter_user_name_hit(self):
        self.find('userName eq "anna@example.com"', [self.anna["id"]])

    def filter_user_name_same_email(self):
        """Of somebody whose address is the userName, as is common."""
        email = {"value": "carl@example.com", "type": "work"}
        id = self.peer.expect(201, "POST", "/Users", {**user("carl"), "emails": [email]})["id"]
        try:
            self.find('userName eq "carl@example.com"', [id])
        finally:
            self.peer.send("DELETE", f"/Users/{id}")

    def filter_user_name_case(self):
        self.find('userName eq "ANNA@example.com"', [self.anna["id"]])

    def filter_user_name_miss(self):
        self.find('userName eq "nobody@example.com"', [])

    def filter_external_id(self):
        self.find('externalId eq "e-anna"', [self.anna["id"]])

    def filter_email(self):
        self.find('emails[type eq "work"].value eq "anna.mail@example.com"', [self.anna["id"]])

    def filter_email_plain(self):
        self.find('emails.value eq "anna.mail@example.com"', [self.anna["id"]])

    def patch_active(self):
        self.patch("/Users", self.anna["id"], {"op": "replace", "path": "active", "value": False})
        if self.get_anna().get("active") is not False:
            raise Wrong("accepted, but active stays true")

    def patch(self, endpoint: str, id: str, operation: dict):
        body = {"schemas": [PATCH], "Operations": [operation]}
        return self.peer.expect((200, 204), "PATCH", f"{endpoint}/{id}", body)

    def put(self):
        changed = {**user("anna"), "id": self.anna["id"], "name": {"givenName": "Anna", "familyName": "Ott"}}
        self.peer.expect(200, "PUT", f"/Users/{self.anna['id']}", changed)
        if self.get_anna().get("name", {}).get("familyName") != "Ott":
            raise Wrong("200, but name.familyName stays")

    def fill(self):
        for number in range(FILL):
            self.users.append(self.peer.expect(201, "POST", "/Users", user(f"user{number}"))["id"])

    def page(self, start: int, expected: int) -> list:
        answer = self.peer.expect(200, "GET", "/Users", startIndex=start, count=PAGE)
        found = ids(answer)
        if answer["totalResults"] != len(self.users):
            raise Wrong(f"totalResults {answer['totalResults']} instead of {len(self.users)}")
        if len(found) != expected:
            raise Wrong(f"{len(found)} users instead of {expected}")
        return found

    def page_first(self):
        self.page(1, PAGE)

    def page_last(self):
        self.page(FILL - 9 + 1, 10)

    def page_all(self):
        found = [id for start in range(1, FILL + 2, PAGE) for id in self.page(start, min(PAGE, FILL + 2 - start))]
        if sorted(found) != sorted(self.users):
            raise Wrong(f"{len(set(found))} of {len(self.users)} users on the pages")

    def group_create(self):
        answer = self.peer.expect(201, "POST", "/Groups", {"schemas": [GROUP], "displayName": "Staff"})
        self.group = answer["id"]

    def group_growth(self):
        for count, id in enumerate(self.users[:3], start=1):
            self.patch("/Groups", self.group, {"op": "add", "path": "members", "value": [{"value": id}]})
            found = self.peer.expect(200, "GET", f"/Groups/{self.group}").get("members") or []
            if len(found) != count:
                raise Wrong(f"accepted, but the group shows {len(found)} members of {count}")

    def group_shrink(self):
        operation = {"op": "remove", "path": f'members[value eq "{self.users[0]}"]'}
        self.patch("/Groups", self.group, operation)
        found = self.peer.expect(200, "GET", f"/Groups/{self.group}").get("members") or []
        if self.users[0] in [member["value"] for member in found] or len(found) != 2:
            raise Wrong(f"accepted, but the group shows {len(found)} members of 2")

    def list_groups(self):
        answer = self.peer.expect(200, "GET", "/Groups", excludedAttributes="members")
        if ids(answer) != [self.group]:
            raise Wrong(f"{len(ids(answer))} groups instead of 1")
        if answer["Resources"][0].get("members"):
            raise Wrong("200, with members")

    def delete(self):
        found, _ = self.peer.send("DELETE", f"/Users/{self.users.pop()}")
        if found != 204:
            raise Wrong(f"{found} instead of 204")

    def delete_gone(self):
        id = self.users.pop()
        self.peer.send("DELETE", f"/Users/{id}")
        self.peer.expect(404, "GET", f"/Users/{id}")


def survives(name: str, data: pathlib.Path, end) -> None:
    """Whether a user is there after the peer ended right after it answered, and was started again."""
    peer = Peer(name, data)
    try:
        created = peer.expect(201, "POST", "/Users", user("berta"))["id"]
    finally:
        end(peer)
    peer = Peer(name, data)
    try:
        peer.expect(200, "GET", f"/Users/{created}")
    finally:
        peer.stop()


def verdict(attempt, *arguments):
    try:
        attempt(*arguments)
        return True
    except Wrong as wrong:
        return str(wrong)
    except OSError as error:
        return f"no answer: {error}"
    except (KeyError, TypeError, AttributeError) as error:
        return f"not SCIM: {error!r}"


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: check.py NAME", file=sys.stderr)
        return 2
    name = sys.argv[1]
    known = tomllib.loads((HERE / "peers.toml").read_text()).get(name, {})
    found = {}
    with tempfile.TemporaryDirectory(prefix="peer-") as directory:
        work = pathlib.Path(directory)
        # Its database may be another user's.
        work.chmod(0o711)
        peer = Peer(name, work / "operations")
        try:
            check = Check(peer)
            for operation in OPERATIONS:
                found[operation] = verdict(getattr(check, operation))
        finally:
            peer.stop()
        found["survives_term"] = verdict(survives, name, work / "term", Peer.stop)
        found["survives_kill"] = verdict(survives, name, work / "kill", Peer.kill)

    told = peer.told
    print(f"{name} {told['version']}: {told['store']}; durable: {told['durable']}")
    differs = False
    for operation, says in found.items():
        line = f"  {operation:28} {'works' if says is True else says}"
        if known.get(operation) != says:
            differs = True
            line += f"   (peers.toml: {known.get(operation, 'nothing')})"
        print(line)
    return int(differs)


# In this order: each may build on those before it.
OPERATIONS = (
    "create create_keeps create_duplicate create_duplicate_case get filter_user_name_hit "
    "filter_user_name_same_email filter_user_name_case filter_user_name_miss filter_external_id filter_email "
    "filter_email_plain patch_active put fill page_first page_last page_all group_create group_growth group_shrink "
    "list_groups delete delete_gone"
).split()


if __name__ == "__main__":
    sys.exit(main())
