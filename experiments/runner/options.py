import dataclasses
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_tf.config.check import check_config, ineffective
from alexnet_tf.config.fields import Config, Precision
from alexnet_tf.data.arrays import results_slug
from alexnet_tf.data.load import DataAccess, resolve_auto
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import check_unclaimed
from alexnet_tf.runtime.interval import CheckpointInterval
from alexnet_tf.runtime.processor import has_bfloat16
from alexnet_tf.runtime.reading import check_outside
from alexnet_tf.runtime.suggestion import did_you_mean
from experiments.experiment import Arm, Experiment, Variant

# Settings that have their own columns in runs.csv, so the names of arms omit them.
NAMELESS = ("epochs", "precision")
EVIDENCE = "results"


@dataclass(frozen=True)
class Options:
    """The command-line options of `run` and `search`.

    Attributes:
        dataset: `auto`, or a name that `open_data` accepts.
        arms: names of arms; if empty, all.
        seeds: if empty, those that each arm declares.
        settings: strings of the form `field=value`.
        name: name of the single chosen arm in runs.csv (`--as`); if empty, `variant` makes the name.
        precision: if None, and no setting sets it, `settled` chooses it.
        replicas: `auto` or a number, as in `make_strategy`.
        jobs: number of runs at once; 0 means one per GPU or, without GPUs, one per core as far as
            memory suffices.
        scheduler: address of a Dask scheduler; `jobs` is then ignored.
        progress: makes the callback that shows a run's progress; `RunProgress` by default.
    """

    dataset: str = "auto"
    access: DataAccess = DataAccess()
    arms: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    settings: tuple[str, ...] = ()
    name: str = ""
    precision: Precision | None = None
    results_dir: Path = Path("runs")
    tensorboard: bool = False
    checkpoint_every: CheckpointInterval = CheckpointInterval()
    replicas: str = "auto"
    jobs: int = 1
    scheduler: str = ""
    progress: Callable[..., Any] | None = None

    @property
    def is_spread(self) -> bool:
        """Whether runs are trained in separate processes."""
        return self.jobs != 1 or bool(self.scheduler)

    def chosen_arms(self, experiment: Experiment) -> list[Arm]:
        names = [arm.name for arm in experiment.arms]
        unknown = [name for name in self.arms if name not in names]
        if unknown:
            raise InputError(
                f"--arms: expected some of {', '.join(names)}; received {', '.join(unknown)}"
                + did_you_mean(unknown[0], names)
            )
        return [arm for arm in experiment.arms if not self.arms or arm.name in self.arms]

    def variant(self, arm: Arm) -> tuple[str, Variant]:
        """The name of an arm in runs.csv, and the arm's variant with these settings.

        Example:

        >>> from experiments.claims.relu import EXPERIMENT
        >>> name, variant = Options(settings=("activation=elu", "epochs=5")).variant(EXPERIMENT.arm("relu"))
        >>> name, variant.of, variant.settings
        ('relu, activation=elu', 'relu', ('activation=elu',))
        """
        changes = tuple(
            setting
            for setting in dict.fromkeys(self.settings)
            if setting.partition("=")[0] not in NAMELESS and arm.config.with_settings(setting) != arm.config
        )
        return self.name or ", ".join((arm.name, *changes)), Variant(arm.name, changes)

    def configured(self, config: Config) -> Config:
        if self.dataset != "auto":
            config = config.replace(dataset=self.dataset)
        if self.precision is not None:
            config = config.replace(precision=self.precision)
        return config.with_settings(*self.settings)

    def check(self, experiment: Experiment) -> None:
        """Raises an InputError for unusable options."""
        check_outside(self.results_dir, self.dataset, "--results-dir")
        arms = self.chosen_arms(experiment)
        own, _ = dataclasses.replace(self, name="").variant(arms[0])
        is_name = re.fullmatch(r"[\w.+-]+( +[\w.+-]+)*", self.name)
        # Names that differ only in characters that file names lack would share files.
        is_new = is_name and file_name(self.name) not in [file_name(arm.name) for arm in experiment.arms]
        if self.name and (len(arms) > 1 or not (is_new or self.name == own)):
            expected = "a single arm (--arms) and a new name for it (letters, digits, spaces and . + -)"
            chosen = ", ".join(arm.name for arm in arms)
            raise InputError(f"--as: expected {expected}; received {self.name!r} for {chosen}")
        for arm in arms:
            for seed in self.seeds or arm.seeds:
                check_config(self.configured(arm.config.replace(seed=seed)))
        # A setting may be meant for some of the arms.
        messages = [ineffective(self.configured(arm.config), self.settings) for arm in arms]
        if all(messages):
            raise InputError(messages[0])

    def _made_equal(self, experiment: Experiment) -> list[str]:
        return [
            f"{one.name} and {other.name}"
            for one, other in itertools.combinations(self.chosen_arms(experiment), 2)
            if one.config != other.config and self.configured(one.config) == self.configured(other.config)
        ]

    def check_unclaimed(self, experiment: Experiment, is_search: bool) -> None:
        """Raises an InputError if another process holds the lock of one of these runs or searches."""
        dataset = "*" if self.dataset == "auto" else results_slug(self.dataset)
        for folder in self.results_dir.glob(f"{dataset}/{experiment.name}"):
            for arm in self.chosen_arms(experiment):
                seeds = [f"seed{seed}" for seed in self.seeds or arm.seeds]
                for work in ["search"] if is_search else seeds:
                    path = lock_path(folder, self.variant(arm)[0], work)
                    check_unclaimed(path, path.stem)

    def settled(self, experiment: Experiment, precision: Precision) -> tuple["Options", list[str]]:
        """The options with data set and precision chosen, and notices.

        Args:
            precision: the precision that the experiment declares for its own data set. On other data sets
                the default is float32.

        Raises:
            InputError: if the results directory is `results`, the experiment declares mixed_bfloat16 for this
                data set, and the processor has no bfloat16.
        """
        notices = []
        dataset = self.dataset
        if dataset == "auto":
            dataset = resolve_auto(experiment.dataset, self.access.data_dir)
            if dataset != experiment.dataset:
                notices.append(
                    f"{experiment.dataset} is not on disk, so this runs on the built-in data set, whose "
                    f"results say nothing about {experiment.dataset}; to fetch it if you are online: "
                    f"make {experiment.name} DATASET={experiment.dataset}"
                )
        if equal := self._made_equal(experiment):
            notices.append(
                f"these settings make arms equal, so comparing them shows no effect: {', '.join(equal)}"
            )
        is_declared = dataset == experiment.dataset and precision == "mixed_bfloat16"
        if is_declared and self.results_dir.resolve().name == EVIDENCE and not has_bfloat16():
            raise InputError(
                f"{experiment.name}: expected a processor with bfloat16, which its evidence needs; "
                "received one without; train it elsewhere, or choose another RESULTS_DIR= for runs of your "
                "own in float32"
            )
        chosen = self.precision
        if chosen is None and not any(text.startswith("precision=") for text in self.settings):
            chosen = precision if dataset == experiment.dataset else "float32"
            if chosen == "mixed_bfloat16" and not has_bfloat16():
                chosen = "float32"
                notices.append(
                    "this processor has no bfloat16 instructions, so runs are trained in float32, not in the "
                    f"{precision} of the committed rows; `compare` will compare means, as rows are not equal "
                    "(--precision overrides this)"
                )
        return dataclasses.replace(self, dataset=dataset, precision=chosen), notices


def file_name(arm: str) -> str:
    """The name of an arm in file names.

    Example:

    >>> file_name("relu, activation=elu")
    'relu-activation-elu'
    """
    return re.sub(r"[^\w.+-]+", "-", arm)


def lock_path(folder: Path, arm: str, work: str) -> Path:
    """The lock file of an arm's `search` or of its run (`seed0`).

    Example:

    >>> lock_path(Path("runs/cifar10/ablation-relu"), "tanh", "seed0").as_posix()
    'runs/cifar10/ablation-relu/state/ablation-relu-tanh-seed0.lock'
    """
    return folder / "state" / f"{folder.name}-{file_name(arm)}-{work}.lock"
