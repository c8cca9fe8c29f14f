"""The harness is tested itself: each deliberate defect must be caught by the case that is there for it.

    tests/faults/defects.py [DEFECT...]

Takes binaries with the defects compiled in (`crates/defect`), from ROLLCALL_DEFECTIVE or .test/defects.
"""

import os
import pathlib
import sys
import time

import case
import cases  # noqa: F401  registers them
from disks import Absent
from fleet import ROOT

BINARIES = pathlib.Path(os.environ.get("ROLLCALL_DEFECTIVE", ROOT / ".test" / "defects"))
# What somebody could break, and the case, database and cycles that must notice.
DEFECTS = {
    "acknowledge-failed-commit": ("flush-fails", "sqlite", 1),
    "fsync-off": ("power-cuts", "sqlite", 3),
    "two-transactions": ("power-cuts", "sqlite", 6),
    "no-lock": ("races", "postgres", 5),
    "cache-without-expiry": ("token-service-gone", "sqlite", 1),
    "refused-when-unverified": ("token-service-gone", "sqlite", 1),
    "no-retry-after": ("kills", "sqlite", 3),
    "empty-on-failure": ("kills", "sqlite", 6),
    "account-missing": ("isolation", "sqlite", 1),
    "journal-without-deletes": ("calm", "sqlite", 1),
    "counts-drift": ("calm", "sqlite", 1),
    "members-without-user": ("calm", "sqlite", 1),
    "leaver-card-works": ("calm", "sqlite", 1),
}
SEED = "1"
# How long a service that a defect has broken is waited for, in seconds.
PATIENCE = 10


def main():
    missed = []
    for defect in sys.argv[1:] or DEFECTS:
        name, database, cycles = DEFECTS[defect]
        began = time.monotonic()
        try:
            trial = case.run(case.CASES[name], database, SEED, cycles, PATIENCE, binaries=BINARIES, ROLLCALL_DEFECT=defect)
        except Absent as absent:
            print(f"SKIPPED: {defect}: {absent}", flush=True)
            continue
        if trial.wrong:
            print(f"caught: {defect} by {name} on {database} in {time.monotonic() - began:.0f} s: {trial.wrong[0][:200]}", flush=True)
        else:
            missed.append(defect)
            print(f"MISSED: {defect} by {name} on {database}", flush=True)
    if missed:
        sys.exit(f"{len(missed)} defects were not noticed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
