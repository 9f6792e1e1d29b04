"""The claims of the paper, one experiment each."""

from experiments import lrn, pooling, relu

EXPERIMENTS = (relu.EXPERIMENT, lrn.EXPERIMENT, pooling.EXPERIMENT)
