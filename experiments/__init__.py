"""The experiments in `experiments.claims`."""

import functools
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import experiments.claims
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.suggestion import did_you_mean
from experiments.experiment import TRAIN_LOSS, Experiment

EXPERIMENTS: tuple[Experiment, ...]

# The module of `experiments.claims` with what the other modules share; it declares no experiment.
SHARED = "common"


def find_experiments(package: ModuleType) -> tuple[Experiment, ...]:
    """The `EXPERIMENT` or `EXPERIMENTS` of every module of a package.

    Experiments on claims of the paper come first, by the claim's number. Experiments on one claim keep the
    order in which they are declared: the one nearest to the paper is first. Questions of our own follow, by
    name.

    Raises:
        InputError: if a module declares no experiment, two experiments have the same name, or a declaration
            has a fault that would otherwise appear only after training.
    """
    found: dict[str, tuple[Experiment, str | None]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name == SHARED:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        one = getattr(module, "EXPERIMENT", None)
        declared = getattr(module, "EXPERIMENTS", None) or (one,)
        declared = declared if isinstance(declared, tuple | list) else (declared,)
        if one is not None and one not in declared:
            raise InputError(
                f"{module.__file__}: expected EXPERIMENT in EXPERIMENTS; received EXPERIMENTS without it; "
                "add it, or give it another name"
            )
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
            for fault in _faults(experiment):
                raise InputError(f"{module.__file__}: {experiment.name}: {fault}")
            found[experiment.name] = experiment, module.__file__
    return tuple(sorted((experiment for experiment, _ in found.values()), key=_place))


def _faults(experiment: Experiment) -> Iterator[str]:
    # Not imported above, so that a Python without SciPy gets the advice of `__main__`.
    from alexnet_tf.statistics.effects import no_effect

    arms, metrics = [arm.name for arm in experiment.arms], [*experiment.ranges]
    if len({*arms}) < len(arms):
        yield f"arms: expected different names; received {', '.join(arms)}"
    for arm in experiment.arms:
        if len({*arm.grid}) == 1:
            yield f"{arm.name}: grid: expected several learning rates, or none; received {arm.grid}"
    for one in experiment.comparisons:
        for name in (one.arm,) if one.kind == "share" else (one.arm, one.baseline):
            if name not in arms:
                expected = f"some of the arms {', '.join(arms)}"
                yield f"comparisons: expected {expected}; received {name!r}{did_you_mean(name, arms)}"
        if not one.metric.derived and one.metric.name not in metrics:
            expected, received = f"one of the metrics {', '.join(metrics)}", repr(one.metric.name)
            yield f"comparisons: expected {expected}; received {received}, which `metrics` does not list"
        null, s = no_effect(one.kind), one.smallest_effect
        if s == null or (one.kind == "ratio" and s <= 0):
            expected = f"a {one.kind} other than {null:g}{', and > 0' if one.kind == 'ratio' else ''}"
            yield f"smallest_effect: expected {expected}; received {s:g}"
        if one.paper_effect is not None and (one.paper_effect > null) != (s > null):
            expected = f"a number on the same side of {null:g} as smallest_effect {s:g}"
            yield f"paper_effect: expected {expected}; received {one.paper_effect:g}"
    if experiment.figure not in (shown := [*metrics, TRAIN_LOSS.name]):
        yield f"figure: expected one of {', '.join(shown)}; received {experiment.figure!r}"
    if experiment.objective == "epochs_to_target" and not any(one.of_curve for one in experiment.metrics):
        received = ", ".join(experiment.columns) or "none"
        yield f"objective: expected a metric with `of_curve` for epochs_to_target; received {received}"


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
