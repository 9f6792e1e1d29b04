"""How long the gradients of a run are, layer by layer."""

import keras
import tensorflow as tf

ALL_LAYERS = "all"
GRADIENT_NORMS_COLUMNS = ("epoch", "layer", "mean_norm", "max_norm")


class GradientNorms(keras.callbacks.Callback):
    """Measures the Euclidean norm of the gradient in each step; the numbers of the run stay the same.

    The gradient is that of the mean loss over the global batch, as it comes to the optimizer: without
    weight decay. Of each epoch and layer the mean and the largest norm over its steps go to
    `History.gradient_norms`, with `all` for the gradient of all layers together; the latter also to the
    logs of callbacks that come after this one, hence to TensorBoard.

    Args:
        strategy: of the run.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        super().__init__()
        self._strategy = strategy

    def on_train_begin(self, logs=None):
        layer_of = {id(v): layer.name for layer in self.model.layers for v in layer.trainable_variables}
        names = [layer_of[id(variable)] for variable in self.model.trainable_variables]
        self._layers = [*dict.fromkeys(names), ALL_LAYERS]
        self._places = [self._layers.index(name) for name in names]
        with self._strategy.scope():
            self._sum, self._max, self._steps = (
                # Every replica assigns the same, since the gradients are summed over them before.
                tf.Variable(start, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
                for start in (tf.zeros(len(self._layers)), tf.zeros(len(self._layers)), 0.0)
            )
        # Keras shows gradients to the optimizer and to nobody else. In mixed_float16 the inner one sees
        # them without the loss scale.
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        apply = optimizer.apply

        def record_and_apply(grads, trainable_variables=None):
            self._record(grads)
            return apply(grads, trainable_variables)

        optimizer.apply = record_and_apply

    def on_epoch_begin(self, epoch, logs=None):
        for variable in (self._sum, self._max, self._steps):
            variable.assign(tf.zeros_like(variable))

    def on_epoch_end(self, epoch, logs=None):
        means, largest = (self._sum / self._steps).numpy().tolist(), self._max.numpy().tolist()
        self.params["history"].gradient_norms += [
            dict(zip(GRADIENT_NORMS_COLUMNS, (epoch + 1, *row), strict=True))
            for row in zip(self._layers, means, largest, strict=True)
        ]
        logs.update(gradient_norm_mean=means[-1], gradient_norm_max=largest[-1])

    def _record(self, gradients) -> None:
        if self._strategy.num_replicas_in_sync > 1:
            gradients = tf.distribute.get_replica_context().all_reduce("SUM", list(gradients))
        squares = tf.stack([tf.reduce_sum(tf.square(tf.cast(g, tf.float32))) for g in gradients])
        by_layer = tf.math.unsorted_segment_sum(squares, self._places, len(self._layers) - 1)
        norms = tf.sqrt(tf.concat([by_layer, [tf.reduce_sum(squares)]], axis=0))
        self._sum.assign_add(norms)
        self._max.assign(tf.maximum(self._max, norms))
        self._steps.assign_add(1.0)
