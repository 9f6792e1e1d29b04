"""C1: ReLU reaches 25% training error several times faster than tanh (section 3.1, Figure 1).

    make ablation-relu DATASET=cifar10 DATA_DIR=...                       (or ablation-relu-rate)
    make quickstart

The paper specifies neither the network nor its initialisation. The main pair of arms, `relu` and `tanh`,
trains the small net of the authors' program with its settings (raw pixels, Gaussian initial weights, max and
average pooling). The pair `-modern` follows current practice (pixels of unit variance, Glorot's
initialisation, max pooling). Each of the other pairs changes one setting of the net or its input, to show
what the speed-up depends on; like `-modern`, they have three seeds and at most 40 epochs. No arm is
regularised. The learning rate of an arm is constant: the best rate of its search, which extends its grid if
the best rate is at an edge.

`ablation-relu-rate` repeats the main pair with half the learning rate for tanh, because the search could not
separate the two rates. `quickstart` is a toy experiment that trains in minutes.
"""

import dataclasses

from alexnet_tf.config.fields import Config, DataConfig, TrainConfig
from alexnet_tf.config.models import CifarNetConfig
from experiments.claims.common import FIVE_SEEDS, IN_FLOAT32, THREE_SEEDS, epochs_to
from experiments.experiment import Arm, Comparison, Experiment

EPOCHS_TO_25 = epochs_to(25)
MODERN_MODEL = CifarNetConfig(init="glorot", pooling=("max", "max", "max"))
BASE = Config(
    data=DataConfig(dataset="cifar10", input_scale="raw"),
    train=TrainConfig(epochs=80, learning_rate=0.001, stop_train_error=0.25),
)
SHORT = BASE.replace(epochs=40)
MODERN = SHORT.replace(model=MODERN_MODEL, input_scale="unit")

RAW_GRID = (0.0005, 0.001, 0.002)
UNIT_GRID = (0.005, 0.01, 0.02)


def _pair(suffix: str, config: Config, rates: tuple[float, float], grid: tuple[float, ...], change: str):
    return tuple(
        Arm(
            name=activation + suffix,
            config=config.replace(activation=activation, learning_rate=rate),
            change=change if activation == "relu" else f"{change}; tanh",
            grid=grid,
            seeds=THREE_SEEDS if suffix else FIVE_SEEDS,
            search_epochs=6 if suffix else 20,
        )
        for activation, rate in zip(("relu", "tanh"), rates, strict=True)
    )


def _compare(suffix: str, primary: bool = False) -> Comparison:
    # Half the paper's speed-up would still be a reason to choose ReLU.
    return Comparison(f"tanh{suffix}", f"relu{suffix}", EPOCHS_TO_25, "ratio", 6.0, 3.0, primary)


EXPERIMENT = Experiment(
    name="ablation-relu",
    claim="C1",
    section="3.1, Fig. 1",
    statement="ReLU reaches 25% training error about six times faster than tanh (four layers).",
    dataset="cifar10",
    cost="about 4.6 hours of one core in mixed_bfloat16 (main pair: 70 min), plus 2 hours for the searches",
    arms=(
        *_pair(
            "",
            BASE,
            (0.004, 0.016),
            RAW_GRID,
            "as in 2012: raw pixels, Gaussians of .0001 and .01, max and average pooling",
        ),
        *_pair(
            "-modern",
            MODERN,
            (0.01, 0.01),
            UNIT_GRID,
            "modern: pixels of unit variance, Glorot's initialisation, max pooling",
        ),
        *_pair(
            "-glorot",
            SHORT.replace(init="glorot"),
            (0.0002, 0.00784),
            (0.0001, 0.0002, 0.0005),
            "as in 2012, but Glorot's initialisation",
        ),
        *_pair(
            "-unit",
            SHORT.replace(input_scale="unit"),
            (0.04, 0.04),
            (0.01, 0.02, 0.04),
            "as in 2012, but pixels of unit variance",
        ),
        *_pair(
            "-maxpool",
            SHORT.replace(pooling=("max", "max", "max")),
            (0.001, 0.008),
            RAW_GRID,
            "as in 2012, but max pooling",
        ),
    ),
    comparisons=(
        _compare("", primary=True),
        _compare("-modern"),
        _compare("-glorot"),
        _compare("-unit"),
        _compare("-maxpool"),
    ),
    metrics=(EPOCHS_TO_25,),
    reasons=(
        "ReLU's advantage depends on the conditions of 2012, above all on the scale of the input: with "
        "pixels of unit variance and everything else unchanged it is far smaller, and three seeds do not "
        "show that any is left (`relu-unit`, `tanh-unit`). With max pooling a part of it remains; in the "
        "modern net three seeds detect none",
        "Glorot's initialisation on raw pixels slows ReLU down (its best rate is far lower) more than it "
        "helps tanh, so that pair says little about the activation",
    ),
    notes=(
        "the search compared the rates of `tanh` after 20 epochs, although `tanh` takes about 41 to the "
        "target. It could not separate the training errors of the two best rates (.3149 at .016, .3174 at "
        ".008); ablation-relu-rate is declared to measure the lower one",
    ),
    objective="epochs_to_target",
    figure="train_error",
    earlier_verdict="reproduced",
    scale="as in the paper, where it gives details: four layers on CIFAR-10 (images re-encoded as JPEG)",
)
RATE = dataclasses.replace(
    EXPERIMENT,
    name="ablation-relu-rate",
    statement="ReLU keeps its lead at half of tanh's rate; the search could not separate full and half rate.",
    cost="about 2.6 hours of one core in float32",
    arms=(
        dataclasses.replace(EXPERIMENT.arm("relu"), grid=(), seeds=THREE_SEEDS),
        dataclasses.replace(
            EXPERIMENT.arm("tanh"),
            config=EXPERIMENT.arm("tanh").config.replace(learning_rate=0.008),
            grid=(),
            seeds=THREE_SEEDS,
        ),
    ),
    comparisons=(_compare("", primary=True),),
    **IN_FLOAT32,
)
EPOCHS_TO_60 = epochs_to(60)
TOY = BASE.replace(
    dataset="builtin", image_size=16, epochs=20, batch_size=32, stop_train_error=0.6, stop_extra_epochs=0
)
QUICKSTART = Experiment(
    name="quickstart",
    claim="quickstart",
    section="3.1, Fig. 1",
    statement="ReLU reaches 60% training error faster than tanh on small drawn shapes (a toy condition).",
    dataset="builtin",
    cost="about 5 min of one core",
    # `rate` does not come from a search: of two rates tried with seed 7, it reached the target sooner.
    arms=tuple(
        Arm(name, TOY.replace(activation=name, learning_rate=rate), change, grid, THREE_SEEDS, 6)
        for name, rate, grid, change in (
            ("relu", 0.004, (0.002, 0.004, 0.008), "shapes of 16 pixels, batches of 32"),
            ("tanh", 0.008, (0.004, 0.008, 0.016), "shapes of 16 pixels, batches of 32; tanh"),
        )
    ),
    # The smallest effect of interest: a factor below 1.5 would hardly be visible in the curves.
    comparisons=(Comparison("tanh", "relu", EPOCHS_TO_60, "ratio", None, 1.5, primary=True),),
    metrics=(EPOCHS_TO_60,),
    objective="epochs_to_target",
    figure="train_error",
    scale="a toy: drawn shapes of 16 pixels, 10,000 images, batches of 32, 60% training error",
    precision="float32",
    search_precision="float32",
)
EXPERIMENTS = (EXPERIMENT, RATE, QUICKSTART)
