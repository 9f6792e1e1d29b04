import re

import pytest

from alexnet_tf.runtime.errors import InputError
from experiments.report.write import TABLES, write_all, write_report
from tests.experiments.made_up_results import POOLING, SPEED, fall, pooling_results, record, speed_results
from tests.experiments.tables_read_back import effects, report
from tests.in_text import items
from tests.tables import read_rows


def test_a_bound_is_explained_beside_table_and_figure(tmp_path):
    folder = speed_results(tmp_path)
    assert report(folder, SPEED) == []
    assert "only a bound of the effect is known" not in (folder / "table.md").read_text()
    record(folder, SPEED, "relu", 3, fall(4, 8))
    record(folder, SPEED, "tanh", 3, fall(90, 40))
    assert write_report(folder, SPEED) == []
    for name in ("table.md", "figure.svg"):
        assert "only a bound of the effect is known" in (folder / name).read_text()


def test_a_finished_run_without_its_curve_is_reported(tmp_path):
    curves = speed_results(tmp_path) / "curves.csv"
    lines = curves.read_text().splitlines(keepends=True)
    curves.write_text("".join(line for line in lines if not line.startswith("speed,tanh,1,")))
    report(tmp_path, SPEED)
    assert "expected the curve of arm tanh seed 1" in (tmp_path / "table.md").read_text()


def test_one_arm_trained_for_one_epoch_has_a_report(tmp_path):
    for experiment, arm in ((SPEED, "tanh"), (POOLING, "overlapping")):
        folder = tmp_path / experiment.name
        record(folder, experiment, arm, 0, [0.9, 0.8])
        assert write_report(folder, experiment) == []
        assert {row["verdict"] for row in effects(folder)} == {"no pairs yet"}
        assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("experiment", "results"), [(SPEED, speed_results), (POOLING, pooling_results)])
def test_the_same_rows_give_the_same_bytes_even_with_an_undeclared_arm(tmp_path, experiment, results):
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        record(results(folder), experiment, "relu+activation=elu", 0, fall(3, 8))
        assert write_report(folder, experiment) == []
        written.append([(folder / name).read_bytes() for name in [*TABLES, "figure.png", "figure.svg"]])
    assert written[0] == written[1]
    assert "relu+activation=elu" in {row["arm"] for row in read_rows(folder / "summary.csv")}
    line = "| `relu+activation=elu` | (not among the experiment's arms) |"
    assert line in (folder / "table.md").read_text()


def test_reports_of_results_change_the_readme_and_reports_of_runs_do_not(tmp_path):
    readme = tmp_path / "README.md"
    empty = "".join(f"<!-- {name} --><!-- /{name} -->" for name in ("glance", "claims", "networks"))
    readme.write_text(empty)
    for name in ("runs", "results"):
        speed_results(tmp_path / name / "builtin" / "speed")
    write_all(tmp_path / "runs", [SPEED, POOLING], figures=False)
    assert readme.read_text() == empty
    written = write_all(tmp_path / "results", [SPEED, POOLING], figures=False)
    folder = tmp_path / "results" / "builtin" / "speed"
    tables = [folder / name for name in TABLES]
    pages = [tmp_path / "results" / name for name in ("claims.md", "tables.md")]
    assert written == [*tables, *pages, readme]
    assert not (folder / "figure.png").exists()
    assert "| epochs to 25%: 5.94× [3.91, 9.03] |" in readme.read_text()
    assert readme.read_text().startswith("<!-- glance -->\n\n**The paper's claims")
    unknown = r"builtin.speed: expected the name of an experiment .* received speed"
    with pytest.raises(InputError, match=unknown):
        write_all(tmp_path / "results", [POOLING])
    with pytest.raises(InputError, match=r"expected <data set>/<experiment>/runs.csv in .*; received none"):
        write_all(tmp_path / "nothing", [POOLING])


@pytest.mark.parametrize("content", [b"# Another project\n", b"\xff"])
def test_a_readme_without_markers_stays_as_it_is(tmp_path, content):
    results = tmp_path / "results"
    speed_results(results / "builtin" / "speed")
    readmes = tmp_path / "README.md", results / "README.md"
    for readme in readmes:
        readme.write_bytes(content)

    assert not {*readmes} & {*write_all(results, [SPEED], figures=False)}
    assert [readme.read_bytes() for readme in readmes] == [content] * 2

    readmes[0].write_text("<!-- glance --><!-- /glance --><!-- claims -->")
    with pytest.raises(InputError, match="expected <!-- claims --> and then <!-- /claims -->"):
        write_all(results, [SPEED], figures=False)


@pytest.mark.parametrize(
    "damage",
    [lambda text: "", lambda text: text[: text.index("\n") + 1], lambda text: text.replace("config_", "")],
    ids=["empty", "header only", "renamed"],
)
def test_one_bad_folder_does_not_stop_the_others(root, capsys, damage):
    bad = root / "builtin/pooling/runs.csv"
    bad.write_text(damage(bad.read_text()))
    written = write_all(root, [SPEED, POOLING], figures=False)
    tables = [root / "builtin" / name / "table.md" for name in ("speed", "pooling")]
    assert [table in written for table in tables] == [True, False]
    warning = capsys.readouterr().err
    assert warning.startswith(f"WARNING: expected finished runs in {bad}; received ")
    assert warning.endswith("; everything else is written\n")
    page = (root / "claims.md").read_text()
    assert "- expected finished runs in builtin/pooling/runs.csv; received " in page
    (item,) = items(page, "Declared, not run")
    assert item.startswith("`pooling`: Overlapping pooling lowers the test error.")
    assert "readable" in item
    assert str(root) not in page
    (root / "builtin/speed/runs.csv").write_text("")
    with pytest.raises(InputError, match=r"finished runs in .*speed.runs.csv; received .*empty file"):
        write_all(root, [SPEED, POOLING], figures=False)


@pytest.mark.parametrize("name", ["runs.csv", "curves.csv", "records/sped-0.json"])
def test_a_folder_of_no_experiment_is_reported(root, capsys, name):
    strange = root / "builtin" / "sped"
    (strange / name).parent.mkdir(parents=True)
    (strange / name).write_text("")
    write_all(root, [SPEED, POOLING], figures=False)
    assert f"WARNING: {strange}: expected the name of an experiment" in capsys.readouterr().err
    page = (root / "claims.md").read_text()
    expected = r"- builtin/sped: expected the name of an experiment \(`python -m experiments list` has"
    assert re.search(f"{expected}.*received sped \\(not used\\)", page)


def test_figures_are_written_without_the_tables(tmp_path):
    folder = pooling_results(tmp_path / "builtin" / "pooling")
    written = write_all(tmp_path, [POOLING], tables=False)
    figures = [folder / "figure.png", folder / "figure.svg"]
    assert written == [*figures, tmp_path / "claims.png", tmp_path / "claims.svg"]
    assert all(path.exists() for path in written)
    assert not (folder / "table.md").exists()


def test_a_panel_that_is_no_longer_drawn_is_removed(tmp_path):
    folder = pooling_results(tmp_path)
    for suffix in ("png", "svg"):
        (folder / f"figure-a.{suffix}").write_text("of an earlier report")
    write_report(folder, POOLING, tables=False)
    assert {*folder.glob("figure*")} == {folder / "figure.png", folder / "figure.svg"}


def test_problems_are_returned_and_in_the_table(tmp_path, capsys):
    folder = speed_results(tmp_path)
    with open(folder / "runs.csv", "a") as file:
        file.write("speed-relu-3,speed,relu")
    with open(folder / "curves.csv", "r+") as file:
        file.write(file.readlines()[-1].replace(",tanh,2,", ",tanh,9,"))
    half, orphan = report(folder, SPEED)
    assert capsys.readouterr().err == f"WARNING: {half}\nWARNING: {orphan}\n"
    assert half.startswith(f"{folder / 'runs.csv'}:8: expected 23 fields and a line break; received 3 fields")
    assert "arm tanh seed 9 without a row in runs.csv" in orphan
    table = (folder / "table.md").read_text()
    assert "- runs.csv:8: expected" in table
    assert "tanh seed 9" in table
    assert effects(folder)[0]["verdict"] == "reproduced"


def test_nothing_to_report_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected finished runs in .*; received no row"):
        report(tmp_path, SPEED)
