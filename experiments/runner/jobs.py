"""Parallel runs with Dask: `--jobs` on this machine, `--scheduler` on any cluster."""

import contextlib
import functools
import io
import logging
import os
import pickle
import random
import signal
import sys
import tempfile
import types
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import dask
import keras
import psutil
import tensorflow as tf
from dask.system import CPU_COUNT
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed, get_worker
from distributed.client import FutureCancelledError

from alexnet_tf.runtime.errors import InputError, Interruption, print_lines
from alexnet_tf.runtime.signals import signals_held
from alexnet_tf.training.progress import CommandProgress, RunProgress
from experiments.runner.options import Options
from experiments.runner.startup import threads_each

# Maximum wait for running tasks after an error, Ctrl-C or SIGTERM. A task ends at its next training step, so
# it finishes an evaluation first.
STOP_SECONDS = 120
PROCESS_BYTES = 2 * 2**30
# On a worker: command that was interrupted -> number of the signal.
_interrupted: dict[str, int] = {}


class Task(NamedTuple):
    """One call on a worker.

    Attributes:
        lock: lock file that the command holds.
        images: number of images to train on, over all epochs.
    """

    lock: Path
    images: int
    arguments: tuple


class Jobs:
    """Runs tasks on the workers of a Dask client."""

    def __init__(self, client: Client, gpus: Sequence[str] = ()):
        self._client, self._gpus = client, gpus
        self._command = f"alexnet-{uuid.uuid4().hex}"

    def run(
        self, title: str, function: Callable, tasks: list[Task], record: Callable[[Task, Any], None]
    ) -> None:
        """Calls `function(*task.arguments, progress)` on workers, and `record(task, result)` in this process.

        `progress` makes the callback that reports a run's progress. `record` may append to `tasks`. If a
        worker dies, another worker gets its task. After several such deaths the result of the task is the
        `KilledWorker` error. After an error, Ctrl-C or SIGTERM, waiting tasks are dropped, running tasks end
        at their next step, `record` gets their results, if any, and the error is raised.
        """
        of: dict[Future, tuple[int, Task]] = {}
        ended = as_completed(raise_errors=False)
        stop: BaseException | None = None
        with CommandProgress(title) as progress:
            self._client.subscribe_topic(self._command, _Display(progress))
            while of or (tasks and not stop):
                while tasks and not stop:
                    position = progress.add(tasks[0].images)
                    place = self._command, position, os.getcwd(), self._gpus
                    future = self._client.submit(_work, place, function, tasks[0], pure=False)
                    of[future] = position, tasks.pop(0)
                    ended.add(future)
                try:
                    future = next(ended)
                    with signals_held():
                        position, task = of.pop(future)
                        result, printed = self._result(future)
                        for stream, text in zip((sys.stdout, sys.stderr), printed, strict=True):
                            print(text, end="", file=stream, flush=True)
                        progress.finish(position)
                        if result is not None:
                            record(task, result)
                except (KeyboardInterrupt, Exception) as error:
                    if stop:
                        raise stop from None
                    number = getattr(error, "number", signal.SIGINT)
                    # `is_kept`: the same command resumes the interrupted runs.
                    stop = error if isinstance(error, Exception) else Interruption(number, is_kept=True)
                    self._client.run(_interrupt, self._command, number)
                    self._drop_waiting(of)
                    ended = as_completed(of, raise_errors=False, timeout=STOP_SECONDS)
        if stop:
            raise stop

    def _drop_waiting(self, of: dict[Future, tuple[int, Task]]) -> None:
        at_work = {key for keys in self._client.processing().values() for key in keys}
        waiting = [future for future in of if future.key not in at_work and not future.done()]
        self._client.cancel(waiting)
        for future in waiting:
            del of[future]

    def _result(self, future: Future) -> tuple[Any, tuple[str, str]]:
        try:
            return future.result()
        except KilledWorker as error:
            return error, ("", "")
        except FutureCancelledError:
            raise InputError(
                "--scheduler: expected a scheduler that is up until all runs have ended; received one that "
                "stopped earlier; the same command resumes the runs"
            ) from None


@contextlib.contextmanager
def open_jobs(options: Options, at_most: int) -> Iterator[Jobs]:
    """A context with the `Jobs` of the workers of `--scheduler` or, by default, of processes on this machine.

    Raises:
        InputError: if no scheduler answers at the address of `--scheduler`.
    """
    # `silence_logs` affects only Dask's own handler, not the one that absl adds to the root logger.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        if options.scheduler:
            try:
                client = stack.enter_context(Client(options.scheduler, timeout=15))
            except (OSError, ValueError) as error:
                raise InputError(
                    "--scheduler: expected the address of a Dask scheduler, such as tcp://10.0.0.1:8786; "
                    f"received {options.scheduler} ({error})"
                ) from None
            if not client.nthreads():
                print_lines([f"{options.scheduler} has no worker yet; the runs wait for one"])
            yield Jobs(client)
            return
        gpus = _gpus()
        processes = count_jobs(options.jobs, at_most)
        print_lines([] if gpus else thread_notes(options.jobs, processes))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="alexnet-jobs-"))
        own = {
            # Otherwise Dask changes the number of NumPy's threads.
            "distributed.nanny.pre-spawn-environ": {},
            # Dask gives up a dead worker that does not restart within this time, and importing TensorFlow is
            # slow.
            "distributed.deploy.lost-worker-timeout": "1 hour",
            "temporary-directory": folder,
        }
        stack.enter_context(dask.config.set(own))
        cluster = LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=None,
            # Dask starts its web server even without a dashboard; this address admits only this machine.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.CRITICAL,
            preload="experiments.runner.startup",
            env={"TF_FORCE_GPU_ALLOW_GROWTH": "true"} if gpus else threads_each(options.jobs),
        )
        stack.enter_context(cluster)
        yield Jobs(stack.enter_context(Client(cluster)), gpus)


def thread_notes(jobs: int, processes: int) -> list[str]:
    """Notes for the user if `--jobs` gives each run fewer threads than this machine has."""
    each = threads_each(jobs)["TF_NUM_INTRAOP_THREADS"]
    if "TF_NUM_INTRAOP_THREADS" in os.environ or each == str(CPU_COUNT):
        return []
    more = CPU_COUNT // processes
    idle = f"--jobs auto gives each run one thread, so {CPU_COUNT - processes} of {CPU_COUNT} cores are idle"
    if more > 1:
        idle += f"; with --jobs {processes} each run has {more} threads"
    return [idle] * (not jobs and processes < CPU_COUNT) + [
        f"each run has {each} of {CPU_COUNT} threads; the last digits of its numbers depend on this, so set "
        "TF_NUM_INTRAOP_THREADS to get equal rows with any number of jobs"
    ]


def count_jobs(jobs: int, at_most: int) -> int:
    """Number of worker processes: `jobs`, but at most `at_most`.

    If `jobs` is 0, there is one per GPU or, without GPUs, one per core as far as memory suffices.
    """
    fit = max(1, min(CPU_COUNT, psutil.virtual_memory().available // PROCESS_BYTES))
    return min(jobs or len(_gpus()) or fit, at_most)


def _gpus() -> list[str]:
    found = [str(number) for number in range(len(tf.config.list_physical_devices("GPU")))]
    return os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(found)).split(",")[: len(found)]


def _work(place: tuple, function: Callable, task: Task) -> tuple[Any, tuple[str, str]]:
    """Executes a task; returns its result (None if it was interrupted without one) and (stdout, stderr)."""
    command, position, folder, gpus = place
    _part_random()
    if gpus:  # effective only in the first task, before TensorFlow initialises the GPUs
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[get_worker().name % len(gpus)]
    with contextlib.suppress(OSError):
        os.chdir(folder)
    if not task.lock.exists():
        raise InputError(
            f"--scheduler: expected workers that all see {task.lock.parent.resolve()}; received one that "
            f"does not ({get_worker().address}); put the results on a disk that they share"
        )
    out, err, result = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.suppress(Interruption):
        if command not in _interrupted:
            result = function(*task.arguments, functools.partial(_Report, command, position))
    return result, (out.getvalue(), err.getvalue())


def _part_random() -> None:
    """Gives Dask its own random generator. Its draws from the global one would change the initial weights."""
    own = random.Random()
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("dask", "distributed", "tornado"):
            for attribute, value in list(vars(module).items()):
                if value is random:
                    setattr(module, attribute, own)
                elif isinstance(value, types.MethodType) and value.__self__ is random._inst:
                    setattr(module, attribute, getattr(own, value.__name__))


def _interrupt(command: str, number: int) -> None:
    _interrupted[command] = number


def _is_wanted() -> bool:
    """Whether a client still waits for the current task. A killed client does not."""
    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return task is not None and task.state != "cancelled"


class _Report(keras.callbacks.Callback):
    """Sends a run's callback calls to the client, which passes them to `RunProgress`.

    It also ends the run if its command was interrupted or its client was killed.
    """

    def __init__(self, command: str, position: int, *run: Any):
        super().__init__()
        self._command, self._position, self._run = command, position, run

    def _send(self, name: str, *arguments: Any, **keywords: Any) -> None:
        if name == "on_train_batch_begin":
            if self._command in _interrupted:
                raise Interruption(_interrupted[self._command])
            if not _is_wanted():
                raise Interruption(signal.SIGTERM)
        history = self.params["history"]
        state = type(history)(history.curve[-1:], status=history.status, message=history.message)
        call = self._position, self._run, state, name, arguments, keywords
        get_worker().log_event(self._command, pickle.dumps(call))

    on_train_begin = functools.partialmethod(_send, "on_train_begin")
    on_train_end = functools.partialmethod(_send, "on_train_end")
    on_epoch_begin = functools.partialmethod(_send, "on_epoch_begin")
    on_epoch_end = functools.partialmethod(_send, "on_epoch_end")
    on_train_batch_begin = functools.partialmethod(_send, "on_train_batch_begin")
    on_train_batch_end = functools.partialmethod(_send, "on_train_batch_end")


class _Display:
    """Passes the calls that `_Report` sends to the `RunProgress` of each run, on the client."""

    def __init__(self, progress: CommandProgress):
        self._progress, self._shown = progress, dict[int, RunProgress]()

    def __call__(self, event: tuple[float, bytes]) -> None:
        position, run, state, name, arguments, keywords = pickle.loads(event[1])
        self._progress.position = position
        if name == "on_train_begin":
            if position in self._shown:
                print_lines([f"{run[0]}: the worker that trained it has died; another one resumes the run"])
                self._shown[position].on_train_end()
            self._shown[position] = RunProgress(*run)
        self._shown[position].set_params({"history": state})
        getattr(self._shown[position], name)(*arguments, **keywords)
        if name == "on_train_end":
            del self._shown[position]
