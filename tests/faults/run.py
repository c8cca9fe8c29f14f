"""Brings faults about, and judges what Rollcall made of them.

    tests/faults/run.py                       the short form, as in CI
    tests/faults/run.py kills --cycles 1000   one case, as long as wanted
    tests/faults/run.py --all --table docs/faults.md
"""

import argparse
import sys
import time

import case
import clocks  # noqa: F401  these register their cases
import isolation  # noqa: F401
import outages  # noqa: F401
import overload  # noqa: F401
import replicas  # noqa: F401
import storage  # noqa: F401
from disks import Absent

SHORT = {"kills": 6, "partitions": 1, "token-service-gone": 1}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[[], *case.CASES], metavar="CASE", help=", ".join(case.CASES))
    parser.add_argument("--all", action="store_true", help="every case")
    parser.add_argument("--database", choices=["sqlite", "postgres"], help="only on this one")
    parser.add_argument("--seed", default=str(int(time.time())), help="replays what the workers do")
    parser.add_argument("--cycles", type=int, default=20, help="how often a case that repeats itself does")
    return parser.parse_args()


def main():
    options = arguments()
    names = list(case.CASES) if options.all else options.cases or list(SHORT)
    failed = []
    for name in names:
        one = case.CASES[name]
        for database in one.databases:
            if options.database not in (None, database):
                continue
            cycles = options.cycles if options.all or options.cases else SHORT[name]
            try:
                trial = case.run(one, database, options.seed, cycles)
            except Absent as absent:
                print(f"SKIPPED: {name} on {database}: this machine has no such disk: {absent}", flush=True)
                continue
            world = trial.world
            told = f"{world.writes()} writes acknowledged, {trial.refused()} answers 429 or 503, at most {world.gap():.1f} s without a write"
            print(f"{'WRONG' if trial.wrong else 'right'}: {name} on {database} in {trial.seconds:.0f} s: {told}", flush=True)
            for line in trial.found:
                print(f"    {line}", flush=True)
            if trial.wrong:
                failed.append(f"{name} on {database}")
                print(*(f"    {line}" for line in trial.wrong[:20]), sep="\n", flush=True)
                for service, said in trial.logs.items():
                    print(f"--- {service}:\n{said}", flush=True)
                print(f"    again: tests/faults/run.py {name} --database {database} --seed {options.seed} --cycles {cycles}", flush=True)
    if failed:
        sys.exit(f"{len(failed)} failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
