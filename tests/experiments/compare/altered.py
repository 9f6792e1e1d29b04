"""Helpers that alter results and parse the text of a comparison."""

import json
import re

from alexnet_tf.results.folder import record_search
from experiments.compare.results import compare

MEANS = "means over seeds, and A − B with its 95% interval (Welch)"
CONFIGS = "configurations differ"
ENVIRONMENTS = "environments differ"
ALONE = "without a partner"


def edit(path, old, new):
    """Replaces a text that occurs exactly once in the file."""
    text = path.read_text()
    assert text.count(old) == 1, f"expected {old} once; found it {text.count(old)} times"
    path.write_text(text.replace(old, new))


def compared(status, a, b, tolerance=0.0):
    """Compares two results, checks the status, and returns the text of the comparison."""
    found, text = compare(a, b, tolerance)
    assert found == status
    return text


def section(text, title):
    """The items of a section; empty if there is no such section."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(f"{title}: ")]
    items = []
    for line in lines[starts[0] + 1 :] if starts else ():
        if not line.startswith("  "):
            break
        items.append(line[2:])
    assert not starts or lines[starts[0]] == f"{title}: {len(items)}"
    return items


def agreeing(text):
    """The numbers of agreeing rows, by file."""
    (line,) = [line for line in text.splitlines() if line.startswith("agree: ")]
    return {
        file: int(count.replace(",", "")) for count, file in re.findall(r"([\d,]+) rows of (\S+\.csv)", line)
    }


def curve_line(path, arm, seed, epoch):
    lines = path.read_text().splitlines()
    return next(line for line in lines if f",{arm},{seed},{epoch}," in line)


def edit_config(folder, experiment, arm, seed, section, **values):
    path = folder / "records" / f"{experiment}-{arm}-{seed}.json"
    record = json.loads(path.read_text())
    record["config"][section].update(values)
    path.write_text(json.dumps(record))


def rename_hashes(path, *hashes):
    for name in hashes:
        edit(path, f",{name},", f",other-{name},")


def record_rates(folder, experiment, arm, errors, **changes):
    """Records a search for the learning rate; `errors` maps each rate to its selection error."""
    rows = [
        {
            "experiment": experiment.name, "arm": arm, "learning_rate": rate, "seed": 1000, "epochs": 2,
            "status": "done", "objective": experiment.objective, "value": error, "train_error": error + 0.01,
            "selection_error": error, "winner": error == min(errors.values()), "precision": "float32",
            "config_hash": f"{arm}-{rate}", "git_commit": "abc", "finished_at": "2025-01-01T00:00:00Z",
        }
        | changes
        for rate, error in errors.items()
    ]  # fmt: skip
    record_search(folder, rows)
