"""Brings faults about, and judges what Rollcall made of them.

    tests/faults/run.py                       the short form, as in CI
    tests/faults/run.py kills --cycles 1000   one case, as long as wanted
    tests/faults/run.py --all --table docs/faults.md
"""

import argparse
import pathlib
import sys
import time

import case
import cases  # noqa: F401  registers them
from disks import Absent

# What CI runs, and how often each repeats itself.
SHORT = {"kills": 6, "power-cuts": 5, "flush-fails": 1, "token-service-gone": 1, "races": 5}
BEGIN, END = "<!-- Made by tests/faults/run.py --all --table; do not edit. -->", "<!-- End of what is made. -->"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(case.CASES))
    parser.add_argument("--all", action="store_true", help="every case")
    parser.add_argument("--database", choices=["sqlite", "postgres"], help="only on this one")
    parser.add_argument("--seed", default=str(int(time.time())), help="replays what the workers do")
    parser.add_argument("--cycles", type=int, default=20, help="how often a case that repeats itself does")
    parser.add_argument("--table", type=pathlib.Path, metavar="FILE", help="write the table of results into this file")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in case.CASES]
    if unknown:
        parser.error(f"there is no case {unknown[0]}; there are: {', '.join(case.CASES)}")
    return options


def told(name, database, trial):
    """Prints how a case went; a row of the table."""
    writes, refused, gap = trial.world.writes(), trial.refused(), trial.world.gap()
    verdict = "WRONG" if trial.wrong else "right"
    print(
        f"{verdict}: {name} on {database} in {trial.seconds:.0f} s: {writes} writes acknowledged, "
        f"{refused} answers 429 or 503, at most {gap:.1f} s without a write",
        flush=True,
    )
    for line in [*trial.found, *trial.wrong[:20]]:
        print(f"    {line}", flush=True)
    says = case.CASES[name].says.rstrip(".")
    return f"| `{name}`: {says} | {database} | {verdict} | {writes} | {refused} | {gap:.1f} s | {'; '.join(trial.found)} |"


def write(file, rows, options):
    head = "| fault | database | | acknowledged | 429 or 503 | longest without a write | seen |\n|---|---|---|---|---|---|---|\n"
    text = file.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"{BEGIN}\n\n{time.strftime('%Y-%m-%d')}, seed {options.seed}, {options.cycles} cycles.\n\n{head}" + "\n".join(rows)
    file.write_text(f"{before}{made}\n\n{END}{after}")


def main():
    options = arguments()
    names = list(case.CASES) if options.all else options.cases or list(SHORT)
    failed, rows = [], []
    for name in names:
        one = case.CASES[name]
        for database in one.databases:
            if options.database not in (None, database):
                continue
            cycles = options.cycles if options.all or options.cases else SHORT[name]
            try:
                trial = case.run(one, database, options.seed, cycles)
            except Absent as absent:
                print(f"SKIPPED: {name} on {database}: not to be had here: {absent}", flush=True)
                continue
            rows.append(told(name, database, trial))
            if trial.wrong:
                failed.append(f"{name} on {database}")
                for service, said in trial.logs.items():
                    print(f"--- {service}:\n{said}", flush=True)
                print(f"    again: tests/faults/run.py {name} --database {database} --seed {options.seed} --cycles {cycles}", flush=True)
    if options.table:
        write(options.table, rows, options)
    if failed:
        sys.exit(f"{len(failed)} failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
