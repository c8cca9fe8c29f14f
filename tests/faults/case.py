"""Cases: each brings a fault about under load, and is judged by what identity providers were told."""

import dataclasses
import random
import time
from collections.abc import Callable

from fleet import Fleet
from providers import World

CASES = {}


@dataclasses.dataclass
class Case:
    """A fault: a function of a `Trial`, and how the services are set up for it."""

    name: str
    function: Callable
    databases: tuple
    settings: dict
    disk: type | None = None

    @property
    def says(self):
        return self.function.__doc__.strip().splitlines()[0]


def case(*databases, disk=None, **settings):
    def register(function):
        name = function.__name__.replace("_", "-")
        CASES[name] = Case(name, function, databases, settings, disk)
        return function

    return register


class Failed(Exception):
    """What must hold does not."""


class Trial:
    """One run of a case: a fleet, its workers, and what was found."""

    def __init__(self, fleet, world, disk, seed, cycles):
        self.fleet, self.world, self.disk, self.cycles = fleet, world, disk, cycles
        self.random = random.Random(f"{seed}/faults")
        self.found = []
        self.wrong = []

    def measured(self, what):
        self.found.append(what)

    def must(self, holds, what):
        if not holds:
            self.wrong.append(what)

    def load(self, writes=40):
        """Waits for so many writes: the fault meets a service at work, and work goes on after it."""
        if not self.world.until_written(writes):
            raise Failed(f"no {writes} writes within the time")

    def nap(self, least, most):
        time.sleep(self.random.uniform(least, most))

    def refused(self):
        return sum(worker.caller.refused for worker in self.world.workers)


def run(one, database, seed, cycles, patience=90, **more):
    """Runs a case; its trial, whose `wrong` is empty where all holds. `more` goes to the fleet."""
    disk = one.disk(seed) if one.disk else None
    try:
        with Fleet(database, data=disk and disk.path, **one.settings, **more) as fleet:
            world = World(fleet, seed, patience=patience)
            trial = Trial(fleet, world, disk, seed, cycles)
            began = time.monotonic()
            try:
                with world:
                    trial.load(20)
                    one.function(trial)
                    if not world.stopped.is_set():
                        trial.load(20)
            except Failed as failed:
                trial.wrong.append(str(failed))
            trial.wrong = world.judge() + trial.wrong
            trial.wrong += fleet.stop()
            trial.seconds = time.monotonic() - began
            if trial.wrong:
                trial.logs = {name: (fleet.directory / f"{name}.log").read_text(errors="replace")[-1500:] for name in fleet.services}
            return trial
    finally:
        if disk:
            disk.end()
