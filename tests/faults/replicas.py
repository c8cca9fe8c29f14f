"""Two of each service over one database: races between them."""

import json
import subprocess
import threading

from case import Failed, case
from fleet import Fleet
from providers import GROUP, PATCH, USER, Caller, Unknown, Wrong


def together(*calls):
    """Runs these at the same moment; what each returned. Raises what one of them did."""
    barrier, results, raised = threading.Barrier(len(calls)), [None] * len(calls), []

    def run(at, call):
        barrier.wait()
        try:
            results[at] = call()
        except (Unknown, Wrong) as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(at, call)) for at, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
    return results


def statuses(*sends):
    return sorted(status for status, _ in together(*sends))


@case("postgres")
def races(trial):
    """Two fleets over one database write the same at the same moment: userName, members, card, token."""
    with Fleet("postgres", binaries=trial.fleet.binaries, beside=trial.fleet) as second:
        left = [Caller(trial.fleet.ports["gateway"], trial.fleet.secret) for _ in range(3)]
        right = [Caller(second.ports["gateway"], trial.fleet.secret) for _ in range(3)]
        pairs = list(zip(left, right))
        try:
            for number in range(trial.cycles):
                race_names(trial, pairs[0], number)
                race_members(trial, left + right, number)
                race_attributes(trial, left + right, number)
            race_tokens(trial, second)
        except (Unknown, Wrong) as error:
            raise Failed(f"in a race: {error}") from error
        trial.measured(f"{trial.cycles} races of each kind")
        trial.wrong += second.stop()
        status, page = left[0].send("GET", "/Users?filter=userName%20sw%20%22race-%22&count=1000")
        for user in page.get("Resources", []):
            trial.must(left[0].send("DELETE", f"/Users/{user['id']}")[0] == 204, "a racer cannot be deleted")


def race_names(trial, pair, number):
    body = {"schemas": [USER], "userName": f"race-{number}", "externalId": f"race-{number}"}
    found = statuses(*[lambda caller=caller: caller.send("POST", "/Users", body) for caller in pair])
    trial.must(found == [201, 409], f"two creates of one userName: {found}")


def race_members(trial, callers, number):
    users = []
    for at, caller in enumerate(callers):
        status, user = caller.send("POST", "/Users", {"schemas": [USER], "userName": f"race-{number}-member-{at}"})
        trial.must(status == 201, f"a create beside another: {status} {user}")
        users.append(user.get("id"))
    status, group = callers[0].send("POST", "/Groups", {"schemas": [GROUP], "displayName": f"race-{number}"})

    def join(caller, user):
        operations = [{"op": "add", "path": "members", "value": [{"value": user}]}]
        return caller.send("PATCH", f"/Groups/{group['id']}", {"schemas": [PATCH], "Operations": operations})

    found = statuses(*[lambda caller=caller, user=user: join(caller, user) for caller, user in zip(callers, users)])
    trial.must(set(found) <= {200, 204}, f"members added at the same time: {found}")
    _, read = callers[-1].send("GET", f"/Groups/{group['id']}")
    members = {member["value"] for member in read.get("members", [])}
    trial.must(members == set(users), f"{len(users)} members were added, {len(members)} are there")
    trial.must(callers[0].send("DELETE", f"/Groups/{group['id']}")[0] == 204, "a group cannot be deleted")


def race_attributes(trial, callers, number):
    """Each changes another attribute of one person: all are there afterwards."""
    _, user = callers[0].send("POST", "/Users", {"schemas": [USER], "userName": f"race-{number}-changed"})
    attributes = ("displayName", "title", "nickName", "locale", "timezone", "userType")

    def change(caller, attribute):
        operations = [{"op": "replace", "path": attribute, "value": f"by {attribute}"}]
        return caller.send("PATCH", f"/Users/{user['id']}", {"schemas": [PATCH], "Operations": operations})

    found = statuses(*[lambda caller=caller, attribute=attribute: change(caller, attribute) for caller, attribute in zip(callers, attributes)])
    trial.must(set(found) == {200}, f"attributes changed at the same time: {found}")
    _, read = callers[-1].send("GET", f"/Users/{user['id']}")
    lost = [attribute for attribute in attributes if read.get(attribute) != f"by {attribute}"]
    trial.must(not lost, f"changed at the same time as others, and lost: {lost}")


def race_tokens(trial, second):
    """Six administrators make a token at once: each has one, or is told that there are two already."""
    trial.fleet.make_account("racing")

    def make(fleet):
        try:
            return fleet.new_token("racing")
        except subprocess.CalledProcessError as refused:
            trial.must("token" in refused.stderr, f"a token was refused: {refused.stderr}")
            return None

    made = together(*[lambda fleet=fleet: make(fleet) for fleet in (trial.fleet, second) * 3])
    listed = json.loads(trial.fleet.command("token", "list", "racing", "--json"))
    live = [token for token in listed if token["state"] in ("active", "retiring")]
    trial.must(len(listed) == sum(secret is not None for secret in made), f"{made} were made, {len(listed)} are there")
    trial.must(1 <= len(live) <= 2, f"{len(live)} tokens are live at once")
