"""The values of a run that must be equal on all workers."""

from typing import Any

from alexnet_tf.config.fields import Config

# The fingerprint identifies the images, and `storage` has no effect on results.
UNCOMPARED = ("dataset", "storage")


def compared_values(config: Config, data_fingerprint: str) -> dict[str, Any]:
    """The data fingerprint, the config's fields without `UNCOMPARED`, and the config's hash, by name."""
    fields: dict[str, Any] = {}
    for name, value in config.to_dict().items():
        fields |= value if isinstance(value, dict) else {name: value}
    compared = {name: value for name, value in fields.items() if name not in UNCOMPARED}
    return {"data fingerprint": data_fingerprint, **compared, "config hash": config.hash(data_fingerprint)}
