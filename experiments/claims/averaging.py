"""Errors of averaged probabilities, over views of an image and over nets: what C7 and C12 measure."""

from collections.abc import Callable, Mapping, Sequence

from experiments.experiment import Comparison, Metric

ERROR = Metric("averaged_error", "test error, averaged", "fraction", 0, 1)
TOP5_ERROR = Metric("averaged_top5_error", "top-5 test error, averaged", "fraction", 0, 1)
METRICS = (ERROR, TOP5_ERROR)
EVALUATION_BATCH = 250


def averaged(views: int) -> Callable[..., Mapping[str, float]]:
    """A probe: exact errors on the report split with so many views of each image, of one net or several."""

    def probe(models: Sequence, data) -> Mapping[str, float]:
        # Here, not at the top: listing the experiments should not wait for TensorFlow.
        import tensorflow as tf

        from alexnet_tf.models.views import averaging_model
        from alexnet_tf.training.evaluate import make_evaluator

        height, width, channels = data.image_set.image_shape
        border = 2 * data.config.pad
        whole = (height + border, width + border, channels)
        model = averaging_model(models, whole, views)
        images = data.report(EVALUATION_BATCH, cropped=False)
        scores = make_evaluator(model, images, tf.distribute.get_strategy())()
        return {ERROR.name: scores.error, TOP5_ERROR.name: scores.top5_error}

    return probe


def against_one(arm: str, paper: tuple[float | None, float | None], primary: bool = False):
    """Both errors of an arm against those of `one`, half of the paper's effect the smallest of interest."""
    return tuple(
        Comparison(arm, "one", metric, "difference", effect, (effect or -0.01) / 2, primary)
        for metric, effect in zip(METRICS, paper, strict=True)
    )
