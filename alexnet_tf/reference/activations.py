import numpy as np


def relu(values: np.ndarray) -> np.ndarray:
    """`max(0, x)` (paper, section 3.1).

    Example:

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return np.maximum(values, 0)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities `exp(x_i) / sum_j exp(x_j)` along the last axis (paper, section 3.5).

    The largest logit is subtracted first, which prevents overflow and does not change the result.

    Example:

    >>> softmax(np.array([[0.0, np.log(3.0)], [1000.0, 1000.0]]))
    array([[0.25, 0.75],
           [0.5 , 0.5 ]])
    """
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def dropout(
    values: np.ndarray,
    rate: float = 0.5,
    generator: np.random.Generator | None = None,
    inverted: bool = False,
) -> np.ndarray:
    """In training, sets each value to zero with probability `rate` (paper, section 4.2).

    Values are rescaled so that their expectation is the same in training and at test time. There are two
    forms:

    - the paper's form multiplies all values by `1 - rate` at test time;
    - the inverted form, used by Keras and PyTorch, divides the remaining values by `1 - rate` in training.

    Weights are valid only for the form they were trained with. To convert them from the paper's form to the
    inverted form, multiply the kernels of the next layer by `1 - rate`.

    Args:
        values: any shape.
        rate: probability that a value is set to zero, in [0, 1).
        generator: random generator for the mask; None at test time.
        inverted: use the inverted form instead of the paper's.

    Raises:
        ValueError: if the rate is outside [0, 1).

    Example:

    >>> values = np.array([2.0, 4.0, 6.0, 8.0])
    >>> dropout(values), dropout(values, inverted=True)
    (array([1., 2., 3., 4.]), array([2., 4., 6., 8.]))
    >>> dropout(values, generator=np.random.default_rng(0), inverted=True)
    array([ 0.,  8., 12., 16.])
    """
    if not 0 <= rate < 1:
        raise ValueError(f"rate: expected a probability in [0, 1); received {rate!r}")
    keep = 1 - rate
    if generator is None:
        return values if inverted else values * keep
    kept = values * (generator.random(values.shape) < keep)
    return kept / keep if inverted else kept
