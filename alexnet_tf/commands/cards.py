"""The model card and the data card beside an exported network."""

from typing import Any

from alexnet_tf.checkpoints.saved import Trained, input_wanted
from alexnet_tf.training.evaluate import TOP_K

PAPER = (
    "A. Krizhevsky, I. Sutskever and G. Hinton, ImageNet Classification with Deep Convolutional Neural "
    "Networks, NIPS 2012"
)


def model_card(net: Trained, about: dict[str, Any], kind: str) -> str:
    """What the network is, how it was trained and what its input and output are, as Markdown.

    `about` is the content of the network's model.json, `kind` the format of the export.
    """
    config, wanted = net.config, input_wanted(net)
    scores = ", ".join(
        f"{name.replace('_', ' ')} {value:.1%}"
        for name, value in (about.get("scores") or {}).items()
        if name.endswith("_error") and value is not None
        if not (name.endswith("_top5_error") and len(net.class_names) <= TOP_K)
    )
    lines = [
        f"# Model card: {net.model.name}",
        "",
        f"- Network: {type(config.model).__name__.removesuffix('Config')}, "
        f"{net.model.count_params():,} parameters, after {PAPER}.",
        f"- Task: one of {len(net.class_names)} classes for a photograph; class_names.txt has them in order.",
        f"- Format: {kind}. Preprocessing and softmax are included.",
    ]
    if about.get("status") == "imported":
        lines.append(f"- Weights: imported from {about.get('source')}, file {about.get('file')}.")
    else:
        train = config.train
        lines.append(
            f"- Training: {about.get('epochs', 'an unknown number of')} epochs of {train.optimizer}, batches "
            f"of {train.batch_size}, learning rate {train.learning_rate:g}, weight decay "
            f"{train.weight_decay:g}, {config.precision}, seed {config.seed}."
        )
    lines += [
        f"- Scores after the last epoch, one central view: {scores or 'not recorded'}.",
        "",
        "## Input and output",
        "",
        f"- `pixels`: float32 [n, {', '.join(map(str, net.image_shape))}], {wanted['channels']}, 0..255: "
        f"{wanted['steps'][0]}.",
        *(
            [
                "- `image_bytes`: strings [n], whole JPEG, PNG, BMP or GIF files; they are rotated by their "
                "EXIF orientation."
            ]
            * (kind == "saved-model")
        ),
        f"- `probabilities` and `logits`: float32 [n, {len(net.class_names)}].",
        f"- Included steps: {'; '.join(wanted['steps'][1:])}; softmax.",
        "",
        "## Limits",
        "",
        "- The network names one of its classes even for an image that shows none of them; its probabilities "
        "are not calibrated.",
        "- It was measured only on images like those of data_card.md. Test it on your own images before you "
        "rely on it, and do not let it decide about people.",
    ]
    return "\n".join(lines) + "\n"


def data_card(net: Trained, about: dict[str, Any]) -> str:
    data, statistics = net.config.data, net.statistics
    changes = [
        name.replace("_", " ")
        for name in ("flip", "vertical_flip", "rotation", "brightness", "gaussian_noise")
        if getattr(data, name)
    ]
    mean = [round(float(value), 1) for value in statistics.mean_image.mean((0, 1))]
    held_out = "a tenth of each class" if data.holdout else "nothing"
    changes += [f"random crops of {data.crop}"] if data.crop else []
    changes += [f"colour noise ({data.color_noise})"] if data.color_noise != "none" else []
    return (
        "# Data card\n\n"
        f"- Data set: {data.dataset}, fingerprint {about.get('data_fingerprint') or 'unknown'}.\n"
        f"- Classes: {len(net.class_names)}, in class_names.txt.\n"
        f"- Images: resized to {' x '.join(map(str, net.image_shape))}; mean pixel {mean}, "
        f"standard deviation {statistics.stddev:.1f}.\n"
        f"- Augmentation in training: {', '.join(changes) or 'none'}.\n"
        f"- Held out of training for model selection: {held_out}.\n"
        "- Licence, consent and balance of the images: unknown to this program; add what you know.\n"
    )
