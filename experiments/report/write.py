"""All that is made of recorded rows: tables, figures, the page of claims, README. No training."""

import sys
from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.results.csv_rows import EFFECTS_COLUMNS, SUMMARY_COLUMNS, to_csv
from alexnet_tf.results.folder import read_lr_search
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import locked, write_bytes, write_text
from experiments.evidence.check_rows import folders_of, read_folder, unknown_folders
from experiments.evidence.effects import effect_rows, judge, summarise
from experiments.evidence.read import Evidence, read_evidence
from experiments.experiment import Experiment
from experiments.report.claims_page import claims_page
from experiments.report.markdown import replace_marked_section
from experiments.report.paper_tables import paper_tables
from experiments.report.readme import claims_table, networks_table, scored_networks
from experiments.report.tables import experiment_table

TABLES = ["summary.csv", "effects.csv", "table.md"]
FIGURES = ["figure.png", "figure.svg"]
# The directory of committed evidence, whose claims stand in the README beside it.
EVIDENCE = "results"


def write_all(
    results_dir: Path, experiments: Sequence[Experiment], tables: bool = True, figures: bool = True
) -> list[Path]:
    """Writes the reports of all experiments on all data sets, of all claims together, and README's tables.

    The README is the one beside the directory of committed evidence, `results`; no other directory
    changes it. A folder without a row that can be read is passed over, with a warning and a line on the
    page of claims; so is a table of scores, with a line below the paper's tables, and README's table of
    networks then stays as it was.

    Returns:
        The files written.

    Raises:
        InputError: when there are no rows.
    """
    written: list[Path] = []
    unread: dict[str, str] = {}
    for experiment in experiments:
        for folder in folders_of(results_dir, experiment):
            try:
                write_report(folder, experiment, tables, figures)
            except InputError as error:
                unread[f"{folder.parent.name}/{folder.name}"] = str(error)
                continue
            names = TABLES * tables + FIGURES * figures
            written += [folder / name for name in names]
    for strange in unknown_folders(results_dir, experiments):
        unread[f"{strange.parent.name}/{strange.name}"] = (
            f"{strange}: expected the name of an experiment (`python -m experiments list` has them), "
            f"received {strange.name} (not used)"
        )
    if not written:
        nothing = f"expected <data set>/<experiment>/runs.csv in {results_dir}, received none"
        raise InputError(next(iter(unread.values()), nothing))
    scored, unscored = scored_networks(results_dir)
    for problem in (*unread.values(), *unscored):
        print(f"WARNING: {problem}; the others go on", file=sys.stderr)
    unread = {name: _relative(problem, results_dir) for name, problem in unread.items()}
    found = read_evidence(results_dir, experiments)
    if tables:
        for name, text in (
            ("claims.md", claims_page(found, experiments, unread)),
            ("tables.md", paper_tables(scored, found, [_relative(one, results_dir) for one in unscored])),
        ):
            written.append(results_dir / name)
            write_text(written[-1], text)
    if figures and any(evidence.primary for evidence in found):
        written += _write_forest(results_dir, found, experiments)
    readme = results_dir.resolve().parent / "README.md"
    if tables and results_dir.resolve().name == EVIDENCE and readme.exists():
        replace_marked_section(readme, "claims", claims_table(found, experiments))
        if not unscored:
            replace_marked_section(readme, "networks", networks_table(scored))
        written.append(readme)
    return written


def _relative(problem: str, results_dir: Path) -> str:
    """The same rows elsewhere give the same bytes."""
    return problem.replace(f"{results_dir}/", "")


def write_report(
    folder: Path, experiment: Experiment, tables: bool = True, figures: bool = True
) -> list[str]:
    """Writes summary.csv, effects.csv, table.md, figure.png and figure.svg from runs.csv and curves.csv.

    The same rows give the same bytes. Any part of the arms and seeds will do.

    Args:
        folder: `<results-dir>/<dataset>/<experiment>`.
        experiment: what the rows are rows of.
        tables: whether to write the tables.
        figures: whether to draw.

    Returns:
        What is wrong with the rows, one "file:line: expected ..., received ..." each; also on standard
        error and in table.md.

    Raises:
        InputError: when there are no rows.
    """
    # Under the lock from the reading on, so that a run recorded meanwhile is not missing from what is
    # written last.
    with locked(folder):
        found = read_folder(folder, experiment)
        runs, curves, records = found.runs, found.curves, found.records
        searched, search_problems = read_lr_search(folder)
        problems = [*found.problems, *search_problems]
        if not runs:
            received = problems[0] if problems else "no row"
            raise InputError(f"expected finished runs in {folder / 'runs.csv'}, received {received}")
        judged = judge(experiment, runs, records)
        # In table.md file names are relative: the same rows elsewhere give the same bytes.
        shown = [problem.removeprefix(f"{folder}/") for problem in problems]
        if tables:
            write_text(folder / "summary.csv", to_csv(SUMMARY_COLUMNS, summarise(experiment, runs, records)))
            write_text(folder / "effects.csv", to_csv(EFFECTS_COLUMNS, effect_rows(experiment, judged)))
            write_text(
                folder / "table.md", experiment_table(experiment, runs, records, judged, shown, searched)
            )
        if figures:
            # Here, as in `_write_forest`.
            from experiments.report.figures.figure import draw

            for suffix, content in draw(experiment, runs, curves, records, judged).items():
                write_bytes(folder / f"figure.{suffix}", content)
    for problem in problems:
        print(f"WARNING: {problem}", file=sys.stderr)
    return problems


def _write_forest(
    results_dir: Path, found: Sequence[Evidence], experiments: Sequence[Experiment]
) -> list[Path]:
    # Here, not at the top: the tables should not wait for matplotlib.
    from experiments.report.figures.forest import draw_forest

    written = []
    for suffix, content in draw_forest(found, experiments).items():
        written.append(results_dir / f"claims.{suffix}")
        write_bytes(written[-1], content)
    return written
