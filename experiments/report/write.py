import sys
from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.results.columns import EFFECTS, SUMMARY
from alexnet_tf.results.csv_rows import to_csv
from alexnet_tf.results.folder import read_lr_search
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import locked, write_text
from experiments.evidence.claims import decided_by
from experiments.evidence.effects import effect_rows
from experiments.evidence.read import evidence_of, folders_of, read_evidence, unknown_folders
from experiments.experiment import Experiment
from experiments.report.claims_page import claims_page
from experiments.report.markdown import is_marked, replace_marked_section
from experiments.report.paper_tables import paper_tables
from experiments.report.readme import (
    EVIDENCE,
    article_table,
    claims_table,
    glance,
    networks_table,
    scored_networks,
)
from experiments.report.tables import experiment_table

TABLES = ["summary.csv", "effects.csv", "table.md"]


def write_all(
    results_dir: Path, experiments: Sequence[Experiment], tables: bool = True, figures: bool = True
) -> list[Path]:
    """Writes the reports on all experiments and claims and the READMEs' tables; returns the written files.

    With `tables`, up to two READMEs are updated. The README beside the results directory is updated if the
    directory is named `results` and the README has markers. The README inside the directory is updated if it
    has the marker `article` and the network trained by the article's recipe has scores of one view.

    Folders without a valid row are skipped with a warning, and so are unreadable tables of scores and curves
    of networks. If a table of scores is unreadable, the table of networks in the README beside the results
    directory is not updated.

    Raises:
        InputError: if no file of any experiment is written.
    """
    written: list[Path] = []
    unread: dict[str, str] = {}
    for experiment in experiments:
        for folder in folders_of(results_dir, experiment):
            try:
                write_report(folder, experiment, tables, figures, experiments)
            except InputError as error:
                unread[f"{folder.parent.name}/{folder.name}"] = str(error)
                continue
            written += [folder / name for name in TABLES * tables]
            written += sorted(folder.glob("figure*.??g")) * figures
    for strange in unknown_folders(results_dir, experiments):
        unread[f"{strange.parent.name}/{strange.name}"] = (
            f"{strange}: expected the name of an experiment (`python -m experiments list` has them); "
            f"received {strange.name} (not used)"
        )
    if not written:
        nothing = f"expected <data set>/<experiment>/runs.csv in {results_dir}; received none"
        raise InputError(next(iter(unread.values()), nothing))
    scored, unscored = scored_networks(results_dir)
    for problem in (*unread.values(), *unscored):
        _warn(problem)
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
        from alexnet_tf.figures.look import write_encoded
        from experiments.report.figures.forest import draw_forest

        written += write_encoded(results_dir / "claims", draw_forest(found, experiments))
    if figures:
        from alexnet_tf.figures.learning_curve import write_curves

        for folder in dict.fromkeys(network.folder for network in scored):
            if not (folder / "curve.csv").is_file():
                continue
            try:
                written += write_curves(folder, folder.name, folder.parent.name, folder)
            except InputError as error:
                _warn(str(error))
    guide = results_dir / "README.md"
    if tables and is_marked(guide, "article") and (article := article_table(scored)):
        replace_marked_section(guide, "article", article)
        written.append(guide)
    readme = results_dir.resolve().parent / "README.md"
    is_ours = results_dir.resolve().name == EVIDENCE and is_marked(readme, "glance", "claims", "networks")
    if tables and is_ours:
        replace_marked_section(readme, "glance", glance(found, experiments))
        replace_marked_section(readme, "claims", claims_table(found, experiments))
        if not unscored:
            replace_marked_section(readme, "networks", networks_table(scored))
        written.append(readme)
    return written


def _warn(problem: str) -> None:
    print(f"WARNING: {problem}; everything else is written", file=sys.stderr)


def _relative(problem: str, results_dir: Path) -> str:
    # The pages must not depend on where the results directory is.
    return problem.replace(f"{results_dir}/", "")


def write_report(
    folder: Path,
    experiment: Experiment,
    tables: bool = True,
    figures: bool = True,
    experiments: Sequence[Experiment] = (),
) -> list[str]:
    """Writes the tables and figures of one experiment; the same rows give the same bytes.

    If the figure has a panel for each pair of arms, `figure-a` shows the first panel alone, with a linear
    axis of epochs.

    Args:
        folder: `<results-dir>/<dataset>/<experiment>`.
        experiments: those whose evidence may decide the claim (`decided_by`).

    Returns:
        The problems of the rows and of the learning-rate search, which are also printed as warnings.

    Raises:
        InputError: if there are no valid rows.
    """
    # Locked before reading, because otherwise a report of fewer rows could be written last.
    with locked(folder):
        evidence, searched = evidence_of(folder, experiment), read_lr_search(folder)
        problems = [*evidence.problems, *searched.problems]
        if not evidence.rows:
            received = problems[0] if problems else "no row"
            raise InputError(f"expected finished runs in {folder / 'runs.csv'}; received {received}")
        decider = decided_by(evidence, experiments)
        if tables:
            write_text(folder / "summary.csv", to_csv(SUMMARY.names, evidence.summary()))
            effects = effect_rows(experiment, evidence.judged)
            write_text(folder / "effects.csv", to_csv(EFFECTS.names, effects))
            write_text(folder / "table.md", experiment_table(evidence, searched, decider))
        if figures:
            # Imported here, so that tables do not wait for Matplotlib.
            from alexnet_tf.figures.look import write_encoded
            from experiments.report.figures.figure import Look, draw, has_panels

            whole = draw(evidence, decider=decider)
            write_encoded(folder / "figure", whole)
            panel = draw(evidence, Look(panel="a"), decider) if has_panels(evidence) else whole
            if panel != whole:
                write_encoded(folder / "figure-a", panel)
            else:
                for suffix in whole:
                    (folder / f"figure-a.{suffix}").unlink(missing_ok=True)
    for problem in problems:
        print(f"WARNING: {problem}", file=sys.stderr)
    return problems
