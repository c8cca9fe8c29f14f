"""Identity providers at work: they write, read what they wrote, honour Retry-After, and remember what they were told."""

import http.client
import importlib
import json
import tempfile
import threading
import time
import urllib.parse

import fleet  # first: it says where the modules of tests/ha are
import grpc
from history import GONE, Person, Plan, judge_changes, judge_directory
from load import stubs

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PRINT = "urn:ietf:params:scim:schemas:extension:rollcall:2.0:User"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PEOPLE = 12
# Longer than the gateway's own limit for a call.
TIMEOUT = 30
PAUSE = 0.2

_protos = tempfile.TemporaryDirectory()
LOOKUP, LOOKUP_SERVICE = stubs(_protos.name, "lookup_service")
CHANGE, CHANGE_SERVICE = stubs(_protos.name, "change_service")


def stub_modules():
    """The messages and services of every proto file, as modules."""
    protos = fleet.ROOT / "proto"
    names = [".".join(path.relative_to(protos).with_suffix("").parts) + "_pb2" for path in sorted(protos.rglob("*.proto"))]
    return [importlib.import_module(name) for name in names]


ACTIONS = {1: "created", 2: "updated", 3: "deleted"}


class Unknown(Exception):
    """No answer, or one that leaves open whether the request was carried out."""


class Wrong(Exception):
    """An answer that must not be."""


class Caller:
    """One connection of an identity provider, made again when it breaks."""

    def __init__(self, port, secret, account="default"):
        self.port, self.secret, self.account, self.connection = port, secret, account, None
        self.refused, self.broken, self.slowest = 0, 0, 0.0

    def send(self, method, path, body=None):
        """Status and JSON; `Unknown` where it is not certain what was done."""
        began = time.monotonic()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
            headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/scim+json"}
            text = None if body is None else json.dumps(body)
            self.connection.request(method, f"/{self.account}/scim/v2{path}", text, headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self.broken += 1
            raise Unknown(repr(error)) from error
        if answer.status < 400:
            self.slowest = max(self.slowest, time.monotonic() - began)
        try:
            content = json.loads(content) if content else {}
        except ValueError:
            raise Wrong(f"{method} {path}: {answer.status} with {content[:200]!r}") from None
        if answer.status in (429, 503):
            wait = answer.headers.get("Retry-After", "")
            if not wait.isdecimal() or ERROR not in content.get("schemas", []):
                raise Wrong(f"{method} {path}: {answer.status} without Retry-After or SCIM error: {content}")
            self.refused += 1
            self.wait = min(int(wait), 2)
            raise Unknown(f"{answer.status} {content.get('detail')}")
        return answer.status, content

    wait = PAUSE

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Worker:
    """Writes and reads of its own people, one after the other, until it is stopped."""

    def __init__(self, world, number):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.world, self.plan = world, Plan(world.seed, number)
        self.caller = Caller(world.fleet.ports["gateway"], world.secret, world.account)
        self.people, self.wrong, self.writes = [], [], 0
        self.times = []

    def run(self):
        try:
            while not self.world.stopped.is_set():
                self.step()
        except Wrong as wrong:
            self.wrong.append(str(wrong))
        except Exception as error:  # noqa: BLE001  a defect of the harness is a failure as well
            self.wrong.append(f"the harness: {error!r}")
        finally:
            self.caller.close()

    def step(self):
        living = [person for person in self.people if not person.certainly_gone()]
        kind, person = self.plan.write(living)
        if kind == "create" and len(living) >= PEOPLE:
            kind, person = "rename", self.plan.random.choice(living)
        if kind == "create":
            person = self.plan.fresh()
            self.people.append(person)
        try:
            if kind != "create" and person.id is None and not self.find(person):
                kind = "create"
            getattr(self, kind)(person)
            self.writes += 1
            self.times.append(time.monotonic())
            for read in self.plan.reads():
                self.read(read, person)
        except Unknown:
            self.world.stopped.wait(self.caller.wait)
            self.caller.wait = PAUSE

    def write(self, person, changes, method, path, body, right):
        """Sends a write of the values `changes`; `right` are the statuses of its success."""
        try:
            status, answer = self.caller.send(method, path, body)
        except Unknown:
            for field, value in changes.items():
                person.wrote(field, value, certain=False)
            raise
        if status == 404 and GONE in person.display and method != "POST":
            person.display, person.member = {GONE}, {False}
            return None
        if status not in right:
            raise Wrong(f"{method} {path} ({person.name}): {status} {answer}")
        for field, value in changes.items():
            person.wrote(field, value, certain=True)
        return answer

    def create(self, person):
        display = f"{person.name} made {self.plan.random.randrange(10**6)}"
        body = {
            "schemas": [USER, PRINT],
            "userName": person.name,
            "externalId": f"x-{person.name}",
            "displayName": display,
            "emails": [{"value": f"{person.name}@example.com", "type": "work"}],
            "active": True,
            PRINT: {"cardNumber": person.number},
        }
        doubtful = len(person.display) > 1
        right = (201, 409) if doubtful else (201,)
        before = person.display
        answer = self.write(person, {"display": display, "active": True}, "POST", "/Users", body, right)
        if ERROR in answer.get("schemas", []):
            # An earlier attempt had been carried out: that is what is there.
            person.display = before - {GONE}
            if not self.find(person):
                raise Wrong(f"{person.name} is in the way of itself, and is not found")
        else:
            person.id, person.member = answer["id"], {False}

    def find(self, person):
        """Looks a person up by name, as identity providers do; whether there is one."""
        found = self.listed(f'userName eq "{person.name}"')
        self.check("a filter by name", person, found)
        if found:
            person.id = found["id"]
            person.display.discard(GONE)
        return bool(found)

    def rename(self, person):
        display = f"{person.name} renamed {self.plan.random.randrange(10**6)}"
        self.patch(person, {"display": display}, "displayName", display)

    def switch(self, person):
        value = self.plan.random.random() < 0.6
        self.patch(person, {"active": value}, "active", value)

    def patch(self, person, changes, path, value):
        body = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": path, "value": value}]}
        self.write(person, changes, "PATCH", f"/Users/{person.id}", body, (200, 204))

    def join(self, person):
        operation = {"op": "add", "path": "members", "value": [{"value": person.id}]}
        self.member(person, operation, True)

    def leave(self, person):
        operation = {"op": "remove", "path": f'members[value eq "{person.id}"]'}
        self.member(person, operation, False)

    def member(self, person, operation, value):
        if GONE in person.display:
            # Whether there is anybody to become a member is not certain.
            self.read("by id", person)
            return
        body = {"schemas": [PATCH], "Operations": [operation]}
        self.write(person, {"member": value}, "PATCH", f"/Groups/{self.world.group}", body, (200, 204))

    def delete(self, person):
        self.write(person, {"display": GONE, "member": False}, "DELETE", f"/Users/{person.id}", None, (204,))

    def listed(self, condition):
        status, answer = self.caller.send("GET", f"/Users?filter={urllib.parse.quote(condition)}")
        if status != 200 or answer.get("totalResults") not in (0, 1):
            raise Wrong(f"{condition}: {status} {answer}")
        return next(iter(answer.get("Resources", [])), None)

    def read(self, kind, person):
        if kind == "by id":
            status, answer = self.caller.send("GET", f"/Users/{person.id}")
            if status not in (200, 404):
                raise Wrong(f"GET {person.name}: {status} {answer}")
            self.check(kind, person, answer if status == 200 else None)
        elif kind == "by name":
            self.check(kind, person, self.listed(f'userName eq "{person.name}"'))
        elif kind == "by external id":
            self.check(kind, person, self.listed(f'externalId eq "x-{person.name}"'))
        elif kind == "by card":
            self.check_card(person, self.world.holders([person.number])[0])
        else:
            status, answer = self.caller.send("GET", f"/Users/{person.id}?attributes=groups")
            if status == 200:
                member = any(group["value"] == self.world.group for group in answer.get("groups", []))
                self.wrong += person.judge("groups of a user", {"member": member})

    def check(self, where, person, user):
        seen = user and {"display": user.get("displayName"), "active": user.get("active", False)}
        self.wrong += person.judge(where, seen or None)

    def check_card(self, person, holder):
        works = person.active == {True} and person.certainly_there()
        may_work = True in person.active and not person.certainly_gone()
        if holder is None and works:
            self.wrong.append(f"the card of {person.name} does not work")
        if holder is not None and (not may_work or holder != person.name):
            self.wrong.append(f"the card of {person.name} is held by {holder}")


class World:
    """Workers at the account of a fleet, from `with` to the end of the block, and what is judged then."""

    def __init__(self, one_fleet, seed, workers=6, patience=90, account="default", secret=None):
        self.fleet, self.seed, self.patience, self.account = one_fleet, seed, patience, account
        self.secret = secret or one_fleet.secret
        self.stopped = threading.Event()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{one_fleet.ports['identity']}")
        self.lookups = LOOKUP_SERVICE.LookupServiceStub(self.channel)
        self.changes = CHANGE_SERVICE.ChangeServiceStub(self.channel)
        self.caller = Caller(one_fleet.ports["gateway"], self.secret, account)
        self.await_answers()
        status, group = self.caller.send("POST", "/Groups", {"schemas": [GROUP], "displayName": f"all of {account}"})
        if status != 201:
            raise SystemExit(f"no group: {status} {group}")
        self.group = group["id"]
        self.caller.close()
        self.workers = [Worker(self, number) for number in range(workers)]

    def __enter__(self):
        self.began = time.monotonic()
        for worker in self.workers:
            worker.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopped.set()
        for worker in self.workers:
            worker.thread.join(2 * TIMEOUT)

    def holders(self, numbers):
        """Who holds these cards: user names, or None."""
        request = LOOKUP.BatchLookupCardsRequest(parent=f"accounts/{self.account}", numbers=numbers)
        try:
            answer = self.lookups.BatchLookupCards(request, timeout=10)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED, grpc.StatusCode.RESOURCE_EXHAUSTED):
                raise Unknown(str(error.code())) from error
            raise Wrong(f"a look-up of a card: {error.code()} {error.details()}") from error
        return [result.user.user_name if result.HasField("user") else None for result in answer.results]

    def writes(self):
        return sum(worker.writes for worker in self.workers)

    def until_written(self, more):
        """Waits until so many more writes were acknowledged; False where they are not in time."""
        goal, end = self.writes() + more, time.monotonic() + self.patience
        while self.writes() < goal and time.monotonic() < end and any(worker.thread.is_alive() for worker in self.workers):
            time.sleep(0.02)
        return self.writes() >= goal

    def gap(self):
        """The longest time, in seconds, in which nothing was acknowledged."""
        times = sorted(moment for worker in self.workers for moment in worker.times)
        times = [self.began, *times]
        return max((later - earlier for earlier, later in zip(times, times[1:])), default=0.0)

    def people(self) -> list[Person]:
        return [person for worker in self.workers for person in worker.people]

    def judge(self):
        """What is wrong: in what was answered on the way, and in the directory as it is now."""
        wrong = [line for worker in self.workers for line in worker.wrong]
        wrong += ["a worker did not end" for worker in self.workers if worker.thread.is_alive()]
        try:
            wrong += self.judge_now()
        except (Unknown, Wrong, grpc.RpcError) as error:
            wrong.append(f"at the end: {error}")
        if self.writes() < 20:
            wrong.append(f"there was no load: {self.writes()} writes")
        return wrong

    def await_answers(self):
        """Waits until all is well again: what was refused for a while is right to be refused."""
        end = time.monotonic() + self.patience
        while True:
            try:
                self.caller.send("GET", "/Users?count=0")
                self.holders(["none"])
                return
            except Unknown:
                if time.monotonic() > end:
                    raise
                time.sleep(PAUSE)

    def judge_now(self):
        self.await_answers()
        users, start = {}, 1
        while True:
            status, page = self.caller.send("GET", f"/Users?startIndex={start}&count=500")
            if status != 200:
                return [f"the list: {status} {page}"]
            users |= {user["userName"]: user for user in page.get("Resources", [])}
            start += page.get("itemsPerPage", 0)
            if start > page["totalResults"] or not page.get("itemsPerPage"):
                break
        status, group = self.caller.send("GET", f"/Groups/{self.group}")
        if status != 200:
            return [f"the group: {status} {group}"]
        members = {member["value"] for member in group.get("members", [])}
        people = self.people()
        wrong = judge_directory(people, users, members)
        if page["totalResults"] != len(users):
            wrong.append(f"the list: it counts {page['totalResults']}, and has {len(users)}")
        for at in range(0, len(people), 100):
            some = people[at : at + 100]
            for person, holder in zip(some, self.holders([person.number for person in some])):
                works = person.name in users and users[person.name].get("active", False)
                if (holder == person.name) != works:
                    wrong.append(f"the card of {person.name} is held by {holder}, and the person is {'there' if works else 'gone or inactive'}")
        return wrong + self.judge_journal({user["id"] for user in users.values()})

    def judge_journal(self, ids):
        changes, head = [], None
        while head is None or len(changes) < head:
            request = CHANGE.ListChangesRequest(parent=f"accounts/{self.account}", after_revision=len(changes), page_size=1000)
            page = self.changes.ListChanges(request, timeout=10)
            head = page.head_revision
            if not page.changes:
                break
            for change in page.changes:
                _, _, kind, one = change.resource.split("/") if change.resource.count("/") == 3 else ("", "", "", "")
                changes.append((change.revision, ACTIONS.get(change.action), one if kind == "users" else None))
        return judge_changes(changes, head, ids)
