from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from alexnet_tf.checkpoints.saved import Trained
from alexnet_tf.figures.stages import layers_of
from alexnet_tf.models.views import view_offsets


class Explained:
    """A network, an image, and the output of each layer for this image.

    Attributes:
        whole: the preprocessed image before it is cropped, float32 [height, width, channels].
        crop: the central crop of `whole`, which is the network's input.
        picture: the uint8 pixels of `whole`; its padding is black.
        seen: the uint8 pixels of `crop`.
        layers: without the input layer.
    """

    def __init__(self, net: Trained, image: bytes):
        self.net = net
        self.whole = net.preprocess(image)
        self.side = net.model.input.shape[1]
        height, width = self.whole.shape[:2]
        ((top, left, _),) = view_offsets(height, width, self.side, 1)
        crop = (slice(top, top + self.side), slice(left, left + self.side))
        self.crop = self.whole[crop]
        pad = net.config.data.pad
        self.picture = np.pad(net.pixels(self.whole[np.newaxis])[0], ((pad, pad), (pad, pad), (0, 0)))
        self.seen = self.picture[crop]
        self.layers = [layer for layer in layers_of(net.model) if not isinstance(layer, layers.InputLayer)]
        outputs = keras.Model(net.model.input, [layer.output for layer in self.layers])(self.crop[np.newaxis])
        self._outputs = {
            layer.name: ops.convert_to_numpy(ops.cast(output, "float32"))[0]
            for layer, output in zip(self.layers, outputs, strict=True)
        }

    def after(self, layer: keras.Layer) -> np.ndarray:
        return self._outputs[layer.name]

    def before(self, layer: keras.Layer) -> np.ndarray:
        place = self.layers.index(layer)
        return self.after(self.layers[place - 1]) if place else self.crop

    def first(self, kind: type, where: Callable[[keras.Layer], bool] = lambda layer: True):
        """The first layer of this kind for which `where` is true, or None."""
        return next((each for each in self.layers if isinstance(each, kind) and where(each)), None)
