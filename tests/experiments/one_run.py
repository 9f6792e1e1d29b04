"""Arguments of commands that many tests run."""

from pathlib import Path

COMMON = ["--dataset", "builtin", "--set", "batch_size=16"]
ARM = ["--arms", "relu", "--seeds", "3", "--epochs", "2"]
RUN = ["run", "ablation-relu", *COMMON, *ARM]


def small_steps(tree: Path, results_dir: Path, *flags: str, name: str = "run", epochs: int = 2) -> list[str]:
    """The arguments that train two arms with one seed, or search the rate of one arm, in small batches."""
    own = {"run": ["relu-modern,tanh-modern", "--seeds", "0"], "search": ["relu-modern"]}[name]
    places = ["--dataset", f"folder:{tree}", "--results-dir", str(results_dir)]
    settings = ["--epochs", str(epochs), "--set", "batch_size=8", "--set", "stop_train_error=0"]
    return [name, "relu", *places, *settings, *flags, "--arms", *own]
