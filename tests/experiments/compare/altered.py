import re

from alexnet_tf.results.folder import record_search
from experiments.compare.results import compare

MEANS = "means over seeds, and A − B with its 95% interval (Welch)"
CONFIGS = "configurations differ"
ENVIRONMENTS = "environments differ"
ALONE = "only on one side"


def edit(path, old, new):
    """Replaces a text that occurs exactly once in the file."""
    text = path.read_text()
    assert text.count(old) == 1, f"expected {old} once; found it {text.count(old)} times"
    path.write_text(text.replace(old, new))


def compared(status, a, b, tolerance=0.0):
    """The text of the comparison of `a` with `b`; asserts that the comparison has the given status."""
    found, text = compare(a, b, tolerance)
    assert found == status
    return text


def section(text, title):
    """The items of a section; empty if there is no such section."""
    found = re.search(rf"^{re.escape(title)}: (\d+)\n((?:  .*\n?)*)", text, re.MULTILINE)
    items = [line[2:] for line in found[2].splitlines()] if found else []
    assert not found or int(found[1]) == len(items)
    return items


def agreeing(text):
    """The numbers of agreeing rows, by file."""
    (line,) = re.findall("^agree: .*", text, re.MULTILINE)
    return {name: int(n.replace(",", "")) for n, name in re.findall(r"([\d,]+) rows of (\S+\.csv)", line)}


def curve_line(path, arm, seed, epoch):
    lines = path.read_text().splitlines()
    return next(line for line in lines if f",{arm},{seed},{epoch}," in line)


def rename_hashes(path, *hashes):
    for name in hashes:
        edit(path, f",{name},", f",other-{name},")


def record_rates(folder, experiment, arm, errors, **changes):
    """Records a search, from the selection error of each learning rate."""
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
