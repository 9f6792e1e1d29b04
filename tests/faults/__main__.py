"""Tests commands under faults (kills, races, damage, odd input): `python -m tests.faults`, `make faults`."""

import argparse
import sys
import tempfile
from pathlib import Path

from alexnet_tf.runtime.commandline import OneLineParser, run_command, whole_number
from alexnet_tf.runtime.errors import InputError
from tests.faults.results import write_table, write_trials
from tests.faults.trials import AS_PROMISED, OUTCOMES, ROOT, families, run_family


def main(arguments: list[str] | None = None) -> int:
    """Runs families of trials; returns 0 if all ended as promised, 1 if any did not, 2 for bad input."""
    parser = OneLineParser(prog="tests.faults", description="Trials of kills, races, damage and odd input.")
    parser.add_argument("--seed", type=whole_number(), default=0, help="seed of the random trials; default 0")
    parser.add_argument("--only", help="comma-separated families; default all")
    parser.add_argument("--trials", type=whole_number(1), help="number of trials of each family")
    parser.add_argument("--results-dir", type=Path, default=ROOT / "results", help="default results")
    parser.set_defaults(command=_run)
    return run_command(parser.parse_args(arguments), "starts anew")


def _run(options: argparse.Namespace) -> int:
    known = families()
    chosen = options.only.split(",") if options.only else list(known)
    unknown = sorted({*chosen} - {*known})
    if unknown:
        raise InputError(f"--only: expected some of {', '.join(known)}; received {', '.join(unknown)}")
    folder = options.results_dir / "reliability"
    as_promised = True
    for name in chosen:
        trials = []
        count = options.trials or known[name].TRIALS
        with tempfile.TemporaryDirectory(prefix=f"faults-{name}-") as scratch:
            for trial in run_family(known[name], options.seed, count, Path(scratch)):
                trials.append(trial)
                write_trials(folder / f"{name}.csv", trials)
                line = f"{name} {trial.name}: {trial.outcome} {trial.detail}".rstrip()
                print(line, file=sys.stderr, flush=True)
        counts = ", ".join(f"{sum(t.outcome == outcome for t in trials)} {outcome}" for outcome in OUTCOMES)
        print(f"{name}: {len(trials)} trials: {counts}", flush=True)
        as_promised = as_promised and all(trial.outcome == AS_PROMISED for trial in trials)
    document = options.results_dir.parent / "RELIABILITY.md"
    if document.exists():
        write_table(document, folder, known)
    return int(not as_promised)


if __name__ == "__main__":
    sys.exit(main())
