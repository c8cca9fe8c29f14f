"""What an identity provider knows of a directory that it has written to, and what the directory may therefore say.

Pure: no input or output. Each person and each membership has one writer, so that its history is a sequence. A write that was acknowledged
leaves one value that is right; one whose outcome is not known (no answer, or 503) leaves the value before as well.
"""

import dataclasses
import random

GONE = None


@dataclasses.dataclass
class Person:
    """A person by user name. Each set has the values that are right: of `display`, GONE where there is nobody."""

    name: str
    number: str
    id: str | None = None
    display: set = dataclasses.field(default_factory=lambda: {GONE})
    active: set = dataclasses.field(default_factory=lambda: {True})
    member: set = dataclasses.field(default_factory=lambda: {False})
    acknowledged: int = 0

    def wrote(self, field, value, certain):
        """Takes note of a write of `value`, whose outcome is certain or not."""
        if certain:
            setattr(self, field, {value})
            self.acknowledged += 1
        else:
            getattr(self, field).add(value)

    def certainly_there(self):
        return GONE not in self.display

    def certainly_gone(self):
        return self.display == {GONE}

    def judge(self, where, seen):
        """What is wrong with a person as seen by `where`: a dict with some of `display`, `active`, `member`, or None for nobody."""
        if seen is None:
            return [] if GONE in self.display else [f"{where}: {self.name} was acknowledged, and is not there"]
        if self.certainly_gone():
            return [f"{where}: {self.name} was deleted, or never made, and is there"]
        wrong = []
        for field in ("display", "active", "member"):
            right = getattr(self, field) - {GONE}
            if field in seen and seen[field] not in right:
                wrong.append(f"{where}: {field} of {self.name} is {seen[field]!r}, and must be one of {sorted(map(repr, right))}")
        return wrong


class Plan:
    """What a worker does next: made of a seed, so that it can be made again."""

    WRITES = {"create": 5, "rename": 4, "join": 3, "leave": 2, "switch": 2, "delete": 1}
    READS = ("by id", "by name", "by card", "membership", "by external id")

    def __init__(self, seed, worker):
        self.random = random.Random(f"{seed}/{worker}")
        self.worker = worker
        self.count = 0

    def fresh(self):
        self.count += 1
        tag = self.random.randrange(10**6)
        return Person(f"w{self.worker}-{self.count}-{tag}", f"{self.worker:03}{self.count:05}{tag:06}")

    def write(self, people):
        """The next write and whom it is about."""
        kinds = dict(self.WRITES) if people else {"create": 1}
        kind = self.random.choices(list(kinds), list(kinds.values()))[0]
        return kind, None if kind == "create" else self.random.choice(people)

    def reads(self):
        """The reads after a write: some, not always."""
        return [kind for kind in self.READS if self.random.random() < 0.4]


def judge_directory(people, users, members):
    """What is wrong with a directory: `users` by user name as they are listed, and the ids of the group's `members`."""
    wrong, known = [], {person.name: person for person in people}
    for person in people:
        user = users.get(person.name)
        seen = None
        if user is not None:
            seen = {"display": user.get("displayName"), "active": user.get("active", False), "member": user["id"] in members}
            wrong += whole(person, user)
        wrong += person.judge("the list", seen)
    for name in users.keys() - known.keys():
        wrong.append(f"the list: {name} was never written")
    ids = {user["id"] for user in users.values()}
    for member in members - ids:
        wrong.append(f"the group: {member} is a member, and is no user")
    return wrong


def whole(person, user):
    """Everything that the request said is there, or nothing is."""
    right = {"externalId": f"x-{person.name}", "mail": [f"{person.name}@example.com"]}
    seen = {"externalId": user.get("externalId"), "mail": [mail["value"] for mail in user.get("emails", [])]}
    return [] if seen == right else [f"the list: {person.name} is there by half: {seen}"]


def judge_changes(changes, head, users):
    """The journal of changes has no holes, ends at the head, and tells of everybody who is there and of nobody who is not.

    `changes` are (revision, action, id of a user or None); `users` the ids of those who are there.
    """
    wrong, last = [], {}
    for expected, (revision, action, user) in enumerate(changes, 1):
        if revision != expected:
            return [f"the journal: revision {revision} where {expected} must be"]
        if user is not None:
            last[user] = action
    if len(changes) != head:
        wrong.append(f"the journal: it has {len(changes)} changes, and the head is {head}")
    told = {user for user, action in last.items() if action != "deleted"}
    wrong += [f"the journal: {user} is there, and was never told of" for user in users - told]
    wrong += [f"the journal: {user} is told of, and is not there" for user in told - users]
    return wrong
