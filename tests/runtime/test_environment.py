import subprocess

from alexnet_tf.runtime import environment


def test_the_recorded_commit_ignores_environment_variables_of_git(tmp_path, monkeypatch):
    commit = environment.git_commit.__wrapped__()
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    for name, value in {"DIR": ".git", "WORK_TREE": "", "INDEX_FILE": "index", "COMMON_DIR": ".git"}.items():
        monkeypatch.setenv(f"GIT_{name}", str(tmp_path / value))

    assert environment.git_commit.__wrapped__() == commit
