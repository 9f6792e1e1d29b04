"""The claims of the paper, one experiment each."""

from experiments import (
    augmentation,
    bias,
    depth,
    dropout,
    init,
    lrn,
    lrn_form,
    pooling,
    relu,
    weight_decay,
)

EXPERIMENTS = (
    relu.EXPERIMENT,
    lrn.EXPERIMENT,
    pooling.EXPERIMENT,
    augmentation.EXPERIMENT,
    dropout.EXPERIMENT,
    weight_decay.EXPERIMENT,
    bias.EXPERIMENT,
    depth.EXPERIMENT,
    init.EXPERIMENT,
    lrn_form.EXPERIMENT,
)
