"""What the command line may change of an experiment."""

from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import Config
from alexnet_tf.data.load import DataAccess
from alexnet_tf.runtime.errors import InputError
from experiments.experiment import Arm, Experiment


@dataclass(frozen=True)
class Options:
    """What the command line may change of an experiment.

    Attributes:
        dataset: `auto`, or a name that `open_data` takes.
        access: where the images come from.
        arms: names; all of the experiment's where empty.
        seeds: the arm's own where empty.
        epochs: the arm's own where None.
        settings: `field=value` texts.
        precision: the arm's own where None.
        results_dir: rows go below it.
        tensorboard: whether event files are written beside the checkpoints.
    """

    dataset: str = "auto"
    access: DataAccess = DataAccess()
    arms: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    epochs: int | None = None
    settings: tuple[str, ...] = ()
    precision: str | None = None
    results_dir: Path = Path("runs")
    tensorboard: bool = False

    def chosen_arms(self, experiment: Experiment) -> list[Arm]:
        """The arms that the options name, all of them by default."""
        names = [arm.name for arm in experiment.arms]
        unknown = [name for name in self.arms if name not in names]
        if unknown:
            raise InputError(f"--arms: expected some of {', '.join(names)}; received {', '.join(unknown)}")
        return [arm for arm in experiment.arms if not self.arms or arm.name in self.arms]

    def configured(self, config: Config) -> Config:
        """The config with the command line's changes."""
        if self.epochs is not None:
            config = config.replace(epochs=self.epochs)
        if self.precision is not None:
            config = config.replace(precision=self.precision)
        for setting in self.settings:
            config = config.with_setting(setting)
        return config

    def check(self, experiment: Experiment) -> None:
        """Raises an InputError for arms and settings that the experiment does not have, or cannot run."""
        for arm in self.chosen_arms(experiment):
            for seed in self.seeds or arm.seeds:
                check_config(self.configured(arm.config.replace(seed=seed)))
