from collections.abc import Callable

from matplotlib.figure import Figure

from alexnet_tf.figures.explain import section_3, section_4
from alexnet_tf.figures.explain.explained import Explained

# File name; section and subject; function that draws the panel.
PANELS: tuple[tuple[str, str, Callable[[Explained], Figure | None]], ...] = (
    ("3.1-relu", "3.1 ReLU and tanh", section_3.relu_and_tanh),
    ("3.2-towers", "3.2 two towers", section_3.towers),
    ("3.3-normalisation", "3.3 local response normalisation", section_3.normalisation),
    ("3.4-pooling", "3.4 overlapping pooling", section_3.pooling),
    ("3.5-convolution", "3.5 conv1, step by step", section_3.convolution),
    ("3.5-maps", "3.5 feature maps of every layer", section_3.feature_maps),
    ("4.1-crops", "4.1 crops, mirror images and views", section_4.crops),
    ("4.1-colour", "4.1 colour noise", section_4.color_noise),
    ("4.2-dropout", "4.2 dropout", section_4.dropout),
)
