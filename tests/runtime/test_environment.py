import subprocess

import pytest

from alexnet_tf.runtime import environment


def test_the_recorded_commit_ignores_environment_variables_of_git(tmp_path, monkeypatch):
    commit = environment.git_commit.__wrapped__()
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    for name, value in {"DIR": ".git", "WORK_TREE": "", "INDEX_FILE": "index", "COMMON_DIR": ".git"}.items():
        monkeypatch.setenv(f"GIT_{name}", str(tmp_path / value))

    assert environment.git_commit.__wrapped__() == commit


@pytest.mark.parametrize(
    ("head", "changed", "commit"),
    [
        ("0123456789ab", "", "0123456789ab"),
        ("0123456789ab", "M a.py", "0123456789ab+"),
        ("0123456789ab", None, "0123456789ab+"),
        (None, None, ""),
    ],
)
def test_a_commit_is_recorded_as_clean_only_if_git_says_so(tmp_path, monkeypatch, head, changed, commit):
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "alexnet_tf" / "runtime" / "environment.py"))
    monkeypatch.setattr(
        environment, "_git", lambda root, name, *more: head if name == "rev-parse" else changed
    )

    assert environment.git_commit.__wrapped__() == commit
