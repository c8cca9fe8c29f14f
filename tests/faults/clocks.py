"""Clocks that jump, by libfaketime."""

import datetime
import json
import pathlib
import time
import urllib.parse

from case import case
from disks import Absent

BOTH = ("sqlite", "postgres")


def library():
    found = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        raise Absent("libfaketime is not installed")
    return str(found[0])


class Clock:
    """The clock of the three services; the machine's own goes on."""

    def __init__(self, trial):
        self.trial, self.file = trial, trial.fleet.directory / "clock"
        self.jump(0)
        fake = {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        for name in ("identity", "token", "gateway"):
            trial.fleet.kill(name)
            trial.fleet.start(name, **fake)
        trial.load(20)

    def jump(self, hours):
        """So many hours from the true time."""
        self.file.write_text(f"{hours:+d}h\n")
        time.sleep(1.5)


@case(*BOTH)
def clock_jumps(trial):
    """The clock jumps two hours forward, three days back, and forth again: no token ends, no cursor is lost, no write is."""
    clock, before = Clock(trial), trial.refused()
    names = [f"before-{number}" for number in range(30)]
    caller = trial.world.caller
    for name in names:
        status, _ = caller.send("POST", "/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
        trial.must(status == 201, f"{name}: {status}")
    seen, cursor = [], ""
    for hours in (0, 2, -72, 24, -2, 0):
        clock.jump(hours)
        trial.load(20)
        if cursor is not None:
            query = urllib.parse.quote('userName sw "before-"')
            status, page = caller.send("GET", f"/Users?filter={query}&count=6&cursor={cursor}")
            trial.must(status == 200, f"a cursor after a jump by {hours} hours: {status} {page}")
            seen += [user["userName"] for user in page.get("Resources", [])]
            cursor = page.get("nextCursor")
    trial.must(sorted(seen) == sorted(names), f"a list by cursor across jumps has {len(seen)} of {len(names)}, {len(set(seen))} different")
    trial.must(trial.refused() == before, "requests were refused")
    for name in names:
        found = caller.send("GET", "/Users?filter=" + urllib.parse.quote(f'userName eq "{name}"'))[1]["Resources"][0]
        caller.send("DELETE", f"/Users/{found['id']}")


@case(*BOTH)
def clock_ends_tokens(trial):
    """Four hundred days later the token has ended, and says so; with the clock put right it works again."""
    fleet, clock = trial.fleet, Clock(trial)
    trial.world.stop()
    clock.jump(400 * 24)
    status, body, _ = fleet.request("GET", "/Users?count=1", fleet.secret)
    trial.must(status == 401, f"a token that has ended: {status} {body[:200]}")
    told = json.loads(fleet.command("account", "status", "default", "--json"))
    trial.must("expired" in json.dumps(told), f"the connection says nothing of it: {told}")
    clock.jump(0)
    status, _, _ = fleet.request("GET", "/Users?count=1", fleet.secret)
    trial.must(status == 200, f"with the clock put right: {status}")
    trial.measured(f"401 on {datetime.date.today() + datetime.timedelta(days=400)}, 200 today")
