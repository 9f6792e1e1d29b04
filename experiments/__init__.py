"""The claims of the paper, one experiment each."""

from experiments import (
    augmentation,
    bias,
    color,
    depth,
    dropout,
    ensemble,
    init,
    kernels,
    lrn,
    lrn_alexnet,
    lrn_form,
    pooling,
    pooling_alexnet,
    relu,
    retrieval,
    towers,
    views,
    weight_decay,
)

# In the order of the claims.
EXPERIMENTS = (
    relu.EXPERIMENT,
    towers.EXPERIMENT,
    lrn.EXPERIMENT,
    lrn_alexnet.EXPERIMENT,
    pooling.EXPERIMENT,
    pooling_alexnet.EXPERIMENT,
    augmentation.EXPERIMENT,
    color.EXPERIMENT,
    views.EXPERIMENT,
    dropout.EXPERIMENT,
    weight_decay.EXPERIMENT,
    bias.EXPERIMENT,
    depth.EXPERIMENT,
    ensemble.EXPERIMENT,
    kernels.EXPERIMENT,
    retrieval.EXPERIMENT,
    init.EXPERIMENT,
    lrn_form.EXPERIMENT,
)
