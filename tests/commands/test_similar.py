from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.__main__ import main
from alexnet_tf.commands.image_files import image_files
from alexnet_tf.commands.similar import _pixels
from alexnet_tf.runtime.errors import InputError
from tests.colored_images import write_colored_tree
from tests.figures.untrained import untrained
from tests.tables import read_rows


@pytest.fixture
def folder(tmp_path):
    colors = {"red": (200, 30, 30), "blue": (30, 30, 200)}
    write_colored_tree(tmp_path / "among", colors, lambda i: (64, 64), noise=25, count=12)
    (tmp_path / "among" / "notes.jpg").write_text("no image")
    (tmp_path / "model.json").touch()
    return tmp_path


@pytest.fixture
def net(monkeypatch):
    monkeypatch.setattr("alexnet_tf.commands.similar.load_trained", lambda path: untrained("ab"))


def similar(folder, *queries, among="among"):
    places = [f"--checkpoint={folder}", f"--among={folder / among}", f"--out={folder / 'out'}"]
    return main(["similar", *places, *map(str, queries)])


def test_neighbours_have_the_colour_of_the_query(folder, net, capsys):
    queries = [folder / "among" / "red" / "03.png", folder / "among" / "blue" / "00.png", folder / "none.png"]

    assert similar(folder, *queries) == 0

    said = capsys.readouterr().out
    assert f"{queries[2]}: not readable" in said
    assert "2 of 3 queries, among 24 of 25 image files" in said
    rows = read_rows(folder / "out" / "similar.csv")
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5", "6"] * 2
    for row in rows:
        assert row["file"] != row["query"]
        assert row["file"].split("/")[-2] == row["query"].split("/")[-2]
    distances = [float(row["distance"]) for row in rows[:6]]
    assert distances == sorted(distances)
    with np.load(folder / "out" / "features.npz") as features:
        assert features["features"].shape == (24, 256)
        place = list(features["files"]).index(rows[0]["file"])
        asked = list(features["files"]).index(str(queries[0]))
        gap = features["features"][place] - features["features"][asked]
    assert distances[0] == pytest.approx(np.linalg.norm(gap), rel=1e-5)
    assert (folder / "out" / "similar.png").stat().st_size > 10_000


def test_a_folder_without_readable_images_is_refused(folder, net, capsys):
    (folder / "empty").mkdir()
    (folder / "text").mkdir()
    (folder / "text" / "notes.jpg").write_text("no image")

    for among in ("empty", "none", "text"):
        assert similar(folder, folder / "among" / "red" / "00.png", among=among) == 2
        assert "--among" in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_a_folder_of_only_the_query_is_refused(folder, net, capsys):
    query = folder / "among" / "red" / "03.png"
    (folder / "alone").mkdir()
    for name in ("link.png", "same.png"):
        (folder / "alone" / name).symlink_to(query)

    assert similar(folder, query, folder / "among" / "blue" / "00.png", among="alone") == 2

    assert "image besides each query; received only" in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_a_file_that_becomes_unreadable_before_it_is_drawn_is_named(folder):
    with pytest.raises(InputError, match=r"files that stay readable; received .*notes.jpg: not a JPEG"):
        _pixels(untrained("ab"), [folder / "among" / "red" / "03.png", folder / "among" / "notes.jpg"])


def test_without_a_readable_query_nothing_is_written(folder, net, capsys):
    query = folder / "among" / "notes.jpg"

    assert similar(folder, query) == 1

    assert capsys.readouterr().out == f"{query}: not readable\n"
    assert not (folder / "out").exists()


def test_linked_folders_are_left_out_and_named_and_hidden_ones_are_left_out(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").touch()
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "a" / "saved.JFIF").touch()
    (tmp_path / ".thumbnails").mkdir()
    (tmp_path / ".thumbnails" / "2.png").touch()
    (tmp_path / ".linked").symlink_to("a")
    assert image_files([tmp_path]) == [tmp_path / "a" / "1.png", tmp_path / "a" / "saved.JFIF"]
    assert capsys.readouterr().err == f"note: {tmp_path}/b: linked folder: not followed\n"


def test_a_list_with_null_bytes_between_the_names_is_refused(tmp_path):
    (tmp_path / "list").write_bytes(b"a.png\0b/[1].png\0")
    with pytest.raises(InputError, match=r"received a.png.*, which does not exist"):
        image_files([], tmp_path / "list")


def test_a_recursive_pattern_follows_no_links_to_folders(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("a/1.png", "a/b/2.png", "a/.hidden/3.png", "a/b/.4.png", "a/@eaDir/5.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    # With two links to the root, `glob` would find some 2**40 paths.
    for name in ("a/b/up", "a/me"):
        Path(name).symlink_to(tmp_path)
    for pattern in ("**/*.png", "a/**", f"{tmp_path}/**/*.png", "./**/**/[0-9].png"):
        found = [path.resolve().relative_to(tmp_path).as_posix() for path in image_files([pattern])]

        assert found == ["a/1.png", "a/b/2.png"]
        assert capsys.readouterr().err.count("linked folder: not followed\n") == 2
