import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_text
from experiments.report.markdown import markdown, replace_marked_section


def test_cells_are_escaped():
    assert markdown(("a", "b"), [("x|y", "two\nlines")]).splitlines()[2] == "| x\\|y | two lines |"


def test_a_file_changes_between_the_markers_only(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("# Title\n<!-- claims -->\nold\n<!-- /claims -->\nrest | of it\n")
    for _ in range(2):
        replace_marked_section(path, "claims", "new")
        assert path.read_text() == "# Title\n<!-- claims -->\n\nnew\n\n<!-- /claims -->\nrest | of it\n"


def test_sections_replaced_by_parallel_threads_are_all_new(tmp_path, monkeypatch):
    path, names = tmp_path / "README.md", ("a", "b", "c", "d")
    path.write_text("".join(f"<!-- {name} -->old<!-- /{name} -->" for name in names))

    def write(*arguments):
        time.sleep(0.05)
        write_text(*arguments)

    monkeypatch.setattr("experiments.report.markdown.write_text", write)
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: replace_marked_section(path, name, "new"), names))

    assert path.read_text().count("new") == len(names)


@pytest.mark.parametrize("text", ["", "<!-- claims -->", "<!-- /claims --><!-- claims -->"])
def test_a_file_without_the_markers_is_refused(tmp_path, text):
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(InputError, match="expected <!-- claims --> and then <!-- /claims -->"):
        replace_marked_section(path, "claims", "new")
    assert path.read_text() == text


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"README.md: expected a readable file"):
        replace_marked_section(tmp_path / "README.md", "claims", "new")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "README.md"
    path.write_bytes(b"caf\xe9 <!-- claims --><!-- /claims -->")
    with pytest.raises(InputError, match="expected a readable file in UTF-8"):
        replace_marked_section(path, "claims", "new")
