"""Disks that fail, lie or are full."""

import subprocess
import time

from case import case
from disks import Forgetful, Small


def strace(pid, inject, seconds, *more):
    """Attaches to all threads of a process, lets system calls fail, and detaches; what it saw."""
    command = ["strace", "-f", "-qq", "-e", f"trace={inject.split(':')[0]}", "-e", f"inject={inject}", *more, "-p", str(pid)]
    try:
        run = subprocess.run(["timeout", "--signal=INT", str(seconds), *command], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit("strace is not installed") from None
    if "Operation not permitted" in run.stderr:
        raise SystemExit("strace may not attach to processes here")
    return run.stderr


def injected(trial, inject, seconds=3):
    """Lets system calls of the identity service fail for a while; how many did."""
    seen = strace(trial.fleet.services["identity"].pid, inject, seconds)
    count = seen.count("(INJECTED)")
    trial.must(count > 0, f"{inject}: nothing failed")
    trial.load(30)
    return count


@case("sqlite")
def flush_fails(trial):
    """Every flush of the database fails with EIO for three seconds."""
    count = injected(trial, "fdatasync,fsync:error=EIO")
    trial.measured(f"{count} flushes failed")


@case("sqlite")
def write_fails(trial):
    """Writes to the disk fail: now EIO, now ENOSPC, every fifth of them."""
    for error in ("EIO", "ENOSPC"):
        count = injected(trial, f"pwrite64:error={error}:when=3+5")
        trial.measured(f"{count} writes failed with {error}")


@case("sqlite", disk=Forgetful)
def power_cuts(trial):
    """The power goes in mid-sync: what was not flushed is lost, some blocks of it written and others not."""
    fleet = trial.fleet
    for _ in range(trial.cycles):
        trial.nap(0.05, 0.5)
        for name in ("gateway", "identity", "token"):
            fleet.kill(name)
        trial.disk.power_cut()
        for name in ("identity", "token", "gateway"):
            fleet.start(name)
        trial.load(15)
    trial.measured(f"{trial.cycles} power cuts")


@case("sqlite", disk=Small)
def disk_full(trial):
    """The disk is full; then there is room again."""
    fleet, before = trial.fleet, trial.refused()
    filler = trial.disk.path / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(64 * 1024))
        except OSError:
            pass
    time.sleep(5)
    trial.must(trial.refused() > before, "nothing was refused on a full disk")
    status, _, _ = fleet.request("GET", "/Users?count=1", fleet.secret)
    trial.must(status == 200, f"on a full disk, reading is answered by {status}")
    filler.unlink()
    trial.load(40)
