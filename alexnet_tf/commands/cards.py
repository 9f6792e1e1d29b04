"""The model card and the data card beside an exported network."""

from pathlib import Path
from typing import Any

from alexnet_tf.checkpoints.saved import BEST_NAME, Trained, input_wanted

PAPER = (
    "A. Krizhevsky, I. Sutskever and G. Hinton, ImageNet Classification with Deep Convolutional Neural "
    "Networks, NIPS 2012"
)


def model_card(net: Trained, about: dict[str, Any], kind: str, checkpoint: Path) -> str:
    """The model card in Markdown: network, training, input, output and limits.

    Args:
        about: content of the network's model.json.
        kind: format of the export, `saved-model` or `onnx`.
    """
    wanted = input_wanted(net)
    is_imported = about.get("status") == "imported"
    measured = "It was measured only on images like those that data_card.md describes."
    if is_imported:
        measured = "This program has not measured it."
    lines = [
        f"# Model card: {net.model.name}",
        "",
        f"- Network: {type(net.config.model).__name__.removesuffix('Config')}, "
        f"{net.model.count_params():,} parameters, after {PAPER}.",
        f"- Task: one of {len(net.class_names)} classes for a photograph; class_names.txt has them in order.",
        f"- Format: {kind}. Preprocessing and softmax are included.",
        *(
            [f"- Weights: imported from {about.get('source')}, file {about.get('file')}."]
            if is_imported
            else _training(net, about, checkpoint)
        ),
        "",
        "## Input and output",
        "",
        f"- `pixels`: float32 [n, {', '.join(map(str, net.image_shape))}], {wanted['channels']}: "
        f"{wanted['steps'][0]}.",
    ]
    outputs = f"- `probabilities` and `logits`: float32 [n, {len(net.class_names)}]"
    if kind == "saved-model":
        lines.append(
            "- `image_bytes`: strings [n], whole JPEG, PNG, BMP or GIF files; they are rotated by their "
            "EXIF orientation."
        )
        outputs += f"; `class_names`: strings [{len(net.class_names)}]"
    lines += [
        f"{outputs}.",
        f"- Included steps: {'; '.join(wanted['steps'][1:])}; softmax.",
        "",
        "## Limits",
        "",
        "- The network names one of its classes even for an image that shows none of them; its probabilities "
        "are not calibrated.",
        f"- {measured} Test it on your own images before you rely on it, and do not let it decide about "
        "people.",
    ]
    return "\n".join(lines) + "\n"


def _training(net: Trained, about: dict[str, Any], checkpoint: Path) -> list[str]:
    config, train = net.config, net.config.train
    scores = ", ".join(
        f"{name.replace('_', ' ')} {value:.1%}"
        for name, value in (about.get("scores") or {}).items()
        if name.endswith("_error") and value is not None
    )
    lines, whose = [], ""
    if train.start:
        frozen = f"the layers up to {train.freeze} were frozen" if train.freeze else "no layer was frozen"
        lines.append(
            f"- Start: a trained network, fingerprint {train.start[:12]}; all its layers but the last were "
            f"copied, and {frozen}."
        )
    lines.append(
        f"- Training: {about.get('epochs', 'an unknown number of')} epochs of {train.optimizer}, batches "
        f"of {train.batch_size}, learning rate {train.learning_rate:g}, weight decay "
        f"{train.weight_decay:g}, {config.precision}, seed {config.seed}."
    )
    if checkpoint.name.endswith(".weights.h5"):
        epoch = f"epoch {checkpoint.name.partition('.')[0].lstrip('0')}"
        if checkpoint.name == BEST_NAME:
            epoch = f"the epoch with the lowest {train.watch.replace('_', ' ')}"
        lines.append(f"- Weights: those after {epoch} of this training.")
        whose = ", not necessarily of these weights"
    return [*lines, f"- Scores after the last epoch{whose}, on one central view: {scores or 'not recorded'}."]


def data_card(net: Trained, about: dict[str, Any]) -> str:
    """The data card in Markdown: the images that the network was trained on."""
    data = net.config.data
    divisor = origin = ""
    if about.get("status") == "imported":
        lines = [
            "- Data set, augmentation and images held out of training: unknown to this program, because the "
            f"network was trained by {about.get('source')}."
        ]
    else:
        changes = [
            name.replace("_", " ")
            for name in ("flip", "vertical_flip", "rotation", "brightness", "gaussian_noise")
            if getattr(data, name)
        ]
        if data.crop_position == "random" and (data.crop or data.pad):
            changes.append(f"random crops of {net.model.input.shape[1]}")
        changes += [f"colour noise ({data.color_noise})"] if data.color_noise != "none" else []
        held_out = "a tenth of each class" if data.holdout else "nothing"
        lines = [
            f"- Data set: {data.dataset}, fingerprint {about.get('data_fingerprint') or 'unknown'}.",
            f"- Augmentation in training: {', '.join(changes) or 'none'}.",
            f"- Held out of training for model selection: {held_out}.",
        ]
        origin = ", those of the training images"
        if net.config.train.start:
            lines.append("- Data set of the network that the training started from: not recorded here.")
            origin = ", those of the network that the training started from"
    mean = [round(float(value), 1) for value in net.statistics.mean_image.mean((0, 1))]
    if data.input_scale == "unit":
        divisor = f" and standard deviation {net.statistics.stddev:.1f}"
    lines += [
        f"- Classes: {len(net.class_names)}, in class_names.txt.",
        f"- Images: resized to {' x '.join(map(str, net.image_shape))}; preprocessing uses mean pixel {mean}"
        f"{divisor}{origin}.",
        "- Licence, consent and balance of the images: unknown to this program; add what you know.",
    ]
    return "# Data card\n\n" + "\n".join(lines) + "\n"
