"""The experiments in `experiments.claims`."""

import functools
import importlib
import pkgutil
from types import ModuleType

import experiments.claims
from alexnet_tf.runtime.errors import InputError
from experiments.experiment import Experiment

EXPERIMENTS: tuple[Experiment, ...]

# The module of `experiments.claims` with what the other modules share; it declares no experiment.
SHARED = "common"


def find_experiments(package: ModuleType) -> tuple[Experiment, ...]:
    """The `EXPERIMENT` or `EXPERIMENTS` of every module of a package.

    Experiments on claims of the paper come first, by the claim's number. Experiments on one claim keep the
    order in which they are declared: the one nearest to the paper is first. Questions of our own follow, by
    name.

    Raises:
        InputError: if a module declares no experiment, or two experiments have the same name.
    """
    found: dict[str, tuple[Experiment, str | None]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name == SHARED:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        declared = getattr(module, "EXPERIMENTS", None) or (getattr(module, "EXPERIMENT", None),)
        for experiment in declared:
            if not isinstance(experiment, Experiment):
                raise InputError(
                    f"{module.__file__}: expected EXPERIMENT = Experiment(...) or EXPERIMENTS = (..., ...); "
                    f"received {'neither' if experiment is None else repr(experiment)}; declare one, or move "
                    "the file to another folder"
                )
            if experiment.name in found:
                raise InputError(
                    f"{module.__file__}: expected a name that is not in {found[experiment.name][1]}; "
                    f"received {experiment.name!r} again; rename one"
                )
            found[experiment.name] = experiment, module.__file__
    return tuple(sorted((experiment for experiment, _ in found.values()), key=_place))


def _place(experiment: Experiment) -> tuple[int, int, str]:
    if experiment.is_of_paper:
        return 0, int(experiment.claim[1:]), ""
    return 1, 0, experiment.name


@functools.cache
def _all_experiments() -> tuple[Experiment, ...]:
    return find_experiments(experiments.claims)


def __getattr__(name: str) -> object:
    # `EXPERIMENTS` is loaded at its first use, so that commands can report errors in the files of claims/.
    if name == "EXPERIMENTS":
        return _all_experiments()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
