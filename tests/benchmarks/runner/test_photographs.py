import tempfile

import pytest

from alexnet_tf.runtime.errors import InputError
from benchmarks.runner.photographs import scratch_folder, write_photographs, write_thumbnails
from benchmarks.runner.worker import Worker


@pytest.mark.parametrize("write", [write_photographs, write_thumbnails])
@pytest.mark.parametrize("reason", ["No space left on device", "File exists"])
def test_photographs_that_cannot_be_written_are_refused(tmp_path, write, reason):
    if reason == "File exists":
        (tmp_path / "class0").write_text("")
    else:
        (tmp_path / "class0").mkdir()
        (tmp_path / "class0" / "000000.jpg").symlink_to("/dev/full")

    with pytest.raises(InputError, match=rf"TMPDIR: .*class0/0+\.jpg; received: {reason}"):
        write(tmp_path, 1)


def test_a_missing_temporary_directory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    expected = pytest.raises(InputError, match=r"TMPDIR: expected a temporary directory; received: No such")
    with expected, scratch_folder():
        pass
    assert Worker("python", "package").about() == {"error": "temporary directory: No such file or directory"}
