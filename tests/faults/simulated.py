"""Identity providers as their vendors describe them, through outages: time is simulated, a minute is a moment.

Entra ID: a cycle every 40 minutes; what fails is tried again in the next; a cycle that fails as a whole, or any 401, quarantines the job. A
connection is tested by a look-up that must be an empty list. Okta: each change is a task, tried again after Retry-After or twice the
pause before, ten times; what fails otherwise has failed for good, until somebody looks.
"""

import random
import signal
import threading
import time
import urllib.parse
import uuid

from case import case
from providers import GROUP, PATCH, USER, Caller, Unknown, Wrong

BOTH = ("sqlite", "postgres")
# How long a minute takes, in seconds.
MINUTE = 0.25
CYCLE = 40
DOUBLINGS = 10


class Directory:
    """What the identity provider has: people by user name, and who of them is in the group."""

    def __init__(self, seed):
        self.random, self.people, self.count = random.Random(f"{seed}/people"), {}, 0

    def live(self, changes):
        """So many people come, change and go."""
        for _ in range(changes):
            kind = self.random.choice(("come", "come", "change", "join", "go"))
            if kind == "come" or len(self.people) < 5:
                self.count += 1
                self.people[f"sim-{self.count}"] = {"display": f"Person {self.count}", "active": True, "member": False}
                continue
            person = self.people[self.random.choice(sorted(self.people))]
            if kind == "change":
                person["display"] = f"Changed {self.random.randrange(10**6)}"
            elif kind == "join":
                person["member"] = not person["member"]
            else:
                person["active"] = False


class Provider:
    """A connection of an identity provider, and what it believes to be there."""

    def __init__(self, trial, account):
        trial.fleet.make_account(account)
        self.trial, self.stopped = trial, threading.Event()
        self.caller = Caller(trial.fleet.ports["gateway"], trial.fleet.new_token(account), account)
        self.wanted, self.there, self.ids, self.group = Directory(account), {}, {}, None
        self.quarantined, self.failed, self.cycles = None, [], 0

    def send(self, method, path, body=None, right=(200, 201, 204)):
        status, answer = self.caller.send(method, path, body)
        if status not in right:
            raise Wrong(f"{method} {path}: {status} {answer}")
        return answer

    def find(self, name):
        found = self.send("GET", "/Users?filter=" + urllib.parse.quote(f'userName eq "{name}"'))
        return next((user["id"] for user in found.get("Resources", [])), None)

    def find_group(self):
        if self.group is None:
            found = self.send("GET", "/Groups?filter=" + urllib.parse.quote('displayName eq "sim"')).get("Resources", [])
            made = found[0] if found else self.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "sim"})
            self.group = made["id"]

    def patch(self, path, operations):
        self.send("PATCH", path, {"schemas": [PATCH], "Operations": operations})

    def bring(self, name, want):
        """Makes one person there what it is here: look-up, then create or patch, then membership."""
        has = self.there.setdefault(name, {"member": False})
        one = self.ids.get(name) or self.find(name)
        if one is None:
            one = self.send("POST", "/Users", {"schemas": [USER], "userName": name, "displayName": want["display"], "active": want["active"]})["id"]
            has |= {"display": want["display"], "active": want["active"]}
        self.ids[name] = one
        changed = {path: want[field] for field, path in (("display", "displayName"), ("active", "active")) if has.get(field) != want[field]}
        if changed:
            self.patch(f"/Users/{one}", [{"op": "Replace", "path": path, "value": value} for path, value in changed.items()])
            has |= {"display": want["display"], "active": want["active"]}
        if has["member"] != want["member"]:
            self.find_group()
            if want["member"]:
                self.patch(f"/Groups/{self.group}", [{"op": "Add", "path": "members", "value": [{"value": one}]}])
            else:
                self.patch(f"/Groups/{self.group}", [{"op": "Remove", "path": f'members[value eq "{one}"]'}])
            has["member"] = want["member"]

    def late(self):
        return [name for name, want in self.wanted.people.items() if self.there.get(name) != want]

    def judge(self, what):
        """What differs, read back one by one."""
        wrong = []
        for name, want in self.wanted.people.items():
            found = self.send("GET", "/Users?filter=" + urllib.parse.quote(f'userName eq "{name}"')).get("Resources", [])
            seen = found and {
                "display": found[0].get("displayName"),
                "active": found[0].get("active"),
                "member": any(group["value"] == self.group for group in found[0].get("groups", [])),
            }
            if seen != want:
                wrong.append(f"{what}: {name} is {seen}, and must be {want}")
        total = self.send("GET", "/Users?count=0")["totalResults"]
        if total != len(self.wanted.people):
            wrong.append(f"{what}: {total} people are there, and must be {len(self.wanted.people)}")
        return wrong


class Entra(Provider):
    def run(self):
        while not self.stopped.is_set():
            began = time.monotonic()
            self.wanted.live(15)
            self.cycle()
            self.stopped.wait(max(0.0, CYCLE * MINUTE - (time.monotonic() - began)))

    def cycle(self):
        """Everybody who is late, in turn; whoever fails waits for the next cycle."""
        self.cycles += 1
        names, failed = self.late(), 0
        for name in names:
            try:
                self.bring(name, dict(self.wanted.people[name]))
            except Unknown:
                failed += 1
                # A job takes its time over what fails.
                time.sleep(MINUTE / 2)
            except Wrong as wrong:
                self.quarantined = self.quarantined or str(wrong)
                return
        if names and failed == len(names) and len(names) > 5:
            self.quarantined = self.quarantined or f"all {failed} changes of a cycle failed"

    def test(self):
        found = self.send("GET", "/Users?filter=" + urllib.parse.quote(f'userName eq "{uuid.uuid4()}"'), right=(200,))
        return found["totalResults"] == 0


class Okta(Provider):
    def run(self):
        while not self.stopped.is_set():
            self.wanted.live(2)
            for name in self.late():
                self.task(name)
            self.stopped.wait(4 * MINUTE)

    def task(self, name):
        pause = MINUTE / 60
        for _ in range(DOUBLINGS):
            try:
                return self.bring(name, dict(self.wanted.people[name]))
            except Unknown:
                time.sleep(max(pause, self.caller.wait * MINUTE / 60))
                pause *= 2
            except Wrong as wrong:
                self.failed.append(f"{name}: {wrong}")
                return None
        self.failed.append(f"{name}: not within {DOUBLINGS} attempts")
        return None


def outage(trial, kind, minutes):
    """One part is away for so long."""
    fleet = trial.fleet
    if kind == "database":
        fleet.postgres.signal(signal.SIGSTOP)
        time.sleep(minutes * MINUTE)
        fleet.postgres.signal(signal.SIGCONT)
    else:
        fleet.kill(kind)
        time.sleep(minutes * MINUTE)
        fleet.start(kind)
    time.sleep(trial.random.uniform(5, 20) * MINUTE)


@case(*BOTH, ROLLCALL_SCIM_TOKEN_GRACE_SECONDS="1")
def provisioning(trial):
    """Entra ID and Okta provision through outages of one to ten minutes: no quarantine, no task failed, and all is there at the end."""
    entra, okta = Entra(trial, "entra"), Okta(trial, "okta")
    threads = [threading.Thread(target=one.run, daemon=True) for one in (entra, okta)]
    for thread in threads:
        thread.start()
    kinds = ["gateway", "identity", "token", *(["database"] if trial.fleet.postgres else [])]
    for number in range(max(len(kinds), trial.cycles // 2)):
        outage(trial, kinds[number % len(kinds)], trial.random.randint(1, 10))
    for one in (entra, okta):
        one.stopped.set()
    for thread in threads:
        thread.join(120)
    trial.world.await_answers()
    for one in (entra, okta):
        # A connection that an outage ended is no answer.
        one.caller.close()
    entra.cycle()
    for name in okta.late():
        okta.task(name)
    trial.must(entra.quarantined is None, f"Entra ID: quarantined: {entra.quarantined}")
    trial.must(not okta.failed, f"Okta: failed for good: {okta.failed[:3]}")
    trial.must(entra.test(), "Entra ID: the test of the connection")
    trial.wrong += entra.judge("Entra ID") + okta.judge("Okta")
    trial.measured(
        f"Entra ID: {entra.cycles} cycles, {len(entra.wanted.people)} people; Okta: {len(okta.wanted.people)} people; "
        f"{entra.caller.refused + okta.caller.refused} answers 429 or 503, {entra.caller.broken + okta.caller.broken} connections broken"
    )
