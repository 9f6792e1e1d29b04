from collections.abc import Callable

from matplotlib.figure import Figure

from alexnet_tf.figures.explain import section_3, section_4
from alexnet_tf.figures.explain.explained import Explained

# (file name, section and subject, function, what a network needs for it)
PANELS: tuple[tuple[str, str, Callable[[Explained], Figure | None], str], ...] = (
    ("3.1-relu", "3.1 ReLU and tanh", section_3.relu_and_tanh, "a convolution"),
    ("3.2-towers", "3.2 two towers", section_3.towers, "a convolution in groups"),
    ("3.3-normalisation", "3.3 local response normalisation", section_3.normalisation, "LRN across all maps"),
    ("3.4-pooling", "3.4 overlapping pooling", section_3.pooling, "max pooling"),
    ("3.5-convolution", "3.5 conv1, step by step", section_3.convolution, "a convolution of colour images"),
    ("3.5-maps", "3.5 feature maps of every layer", section_3.feature_maps, "a convolution"),
    ("4.1-crops", "4.1 crops, mirror images and views", section_4.crops, "a crop smaller than the image"),
    ("4.1-colour", "4.1 colour noise", section_4.color_noise, "colour images"),
    ("4.2-dropout", "4.2 dropout", section_4.dropout, "dropout"),
)
