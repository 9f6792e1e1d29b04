"""The command line: `python -m benchmarks COMMAND`."""

import alexnet_tf.runtime.import_path  # noqa: F401, I001 (before all others: it checks the environment)

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from alexnet_tf.runtime.commandline import OneLineParser, path, run_command
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import claimed_folder
from alexnet_tf.runtime.startup import quiet_startup


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit status.

    0 for success; 1 if a required measurement (`run`, `growth`) or a check (`gpu-check`) failed; 2 for bad
    input; above 128 after an interruption.
    """
    return run_command(_parser().parse_args(arguments), again="starts anew")


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="benchmarks",
        description="Speed and memory, compared with PyTorch and the machine's limits.",
        epilog="example: python -m benchmarks run --quick --items alexnet_step --results-dir runs/benchmarks",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=OneLineParser)

    def add(name: str, command: Callable[[argparse.Namespace], int], purpose: str) -> OneLineParser:
        example = f"example: python -m benchmarks {name} --results-dir runs/benchmarks"
        added = commands.add_parser(name, help=purpose, description=purpose, epilog=example)
        added.set_defaults(command=command)
        added.add_argument(
            "--results-dir",
            type=_folder,
            default=Path("results/benchmarks"),
            help="folder of the rows; default results/benchmarks",
        )
        return added

    running = add("run", _run, "measure; rows go to RESULTS_DIR/<machine kind>/")
    running.add_argument("--quick", action="store_true", help="fewer rounds and cases")
    running.add_argument("--items", default="", help="items to measure, separated by commas; default all")
    running.add_argument("--pytorch", default=sys.executable, help="a Python with PyTorch; default this one")
    add("report", _report, "table, chart and README's section from recorded rows")
    scaling = add("scaling", _scaling, "predict the training speed of many machines from the rows of one")
    scaling.add_argument(
        "--out",
        type=_folder,
        default=Path("results/scaling"),
        help="folder to write; default results/scaling",
    )
    purpose = "time and memory by number of devices, and by size of batch, image and data set"
    growing = add("growth", _growth, purpose)
    growing.add_argument("--quick", action="store_true", help="fewer and smaller points")
    add("profile", _profile, "time of each part of a training step of AlexNet")
    purpose = "time training steps on this machine's GPU, and compare with the CPU; 3 minutes"
    example = "example: python -m benchmarks gpu-check"
    checking = commands.add_parser("gpu-check", help=purpose, description=purpose, epilog=example)
    checking.set_defaults(command=_gpu_check)
    return parser


def _folder(text: str) -> Path:
    return path(os.path.expanduser(text))


def _run(options: argparse.Namespace) -> int:
    from benchmarks.report.write import write_report
    from benchmarks.runner.run import run_benchmark

    items = [item for item in options.items.split(",") if item]
    if options.items and not items:
        raise InputError(f"--items: expected a comma-separated list; received {options.items!r}")
    pytorch = shutil.which(options.pytorch)
    if pytorch is None:
        raise InputError(f"--pytorch: expected a Python interpreter; received {options.pytorch!r}")
    with claimed_folder(options.results_dir, "--results-dir"):
        # The workers start in the checkout, which may not be the current folder.
        pytorch = os.path.abspath(pytorch)
        folder, failures = run_benchmark(options.results_dir, pytorch, items, options.quick)
    return _finished(write_report(folder), failures)


def _report(options: argparse.Namespace) -> int:
    from benchmarks.report.write import write_all

    return _finished(write_all(options.results_dir))


def _scaling(options: argparse.Namespace) -> int:
    from benchmarks.scaling.report import write_scaling

    machines = sorted(file.parent for file in options.results_dir.glob("*/alexnet_step.csv"))
    if not machines:
        raise InputError(
            f"--results-dir: expected <machine kind>/alexnet_step.csv in {options.results_dir}; received none"
        )
    return _finished(write_scaling(options.out, machines))


def _growth(options: argparse.Namespace) -> int:
    from benchmarks.growth.measure import run_growth
    from benchmarks.growth.report import write_growth_report

    with claimed_folder(options.results_dir, "--results-dir"):
        folder, failures = run_growth(options.results_dir, options.quick)
    return _finished(write_growth_report(folder), failures)


def _profile(options: argparse.Namespace) -> int:
    # TensorFlow reads this when it is imported, below. A `Worker` sets it, too.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    from benchmarks.profile.measure import run_profile
    from benchmarks.report.write import write_report

    with claimed_folder(options.results_dir, "--results-dir"):
        return _finished(write_report(run_profile(options.results_dir)))


def _gpu_check(options: argparse.Namespace) -> int:
    # TensorFlow's messages about CUDA would hide the result.
    with quiet_startup():
        from benchmarks.gpu_check import first_gpu, run_gpu_check

        gpu = first_gpu()
    return run_gpu_check(gpu)


def _finished(written: Sequence[Path], failures: Sequence[str] = ()) -> int:
    for file in written:
        print(file)
    for line in failures:
        print(f"WARNING: {line}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
