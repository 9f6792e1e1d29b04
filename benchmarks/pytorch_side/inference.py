import torch

from benchmarks.pytorch_side import networks
from benchmarks.pytorch_side.training_step import random_images
from benchmarks.runner.task import Task


def alexnet(
    batch: int,
    views: int,
    precision: str,
    lrn: networks.Lrn = "layer",
    compiled: bool = False,
    channels_last: bool = True,
    all_threads: bool = False,
) -> Task:
    """Inference: logarithm of the mean class probabilities over 1 or 10 224x224 views of each 256x256 image.

    If `compiled`, the weights are constants, so oneDNN rearranges them only once.
    """
    if all_threads:
        networks.use_all_threads()
    net = networks.alexnet(lrn, channels_last).eval()
    if compiled:
        net = torch.compile(net, options={"freezing": True})
    images = random_images(batch, 256, channels_last)

    @torch.inference_mode()
    def call() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "mixed_bfloat16"):
            total = sum(net(view).float().softmax(1) for view in _views(images, views))
        return (total / views).log()

    return Task(call, batch)


def _views(images: torch.Tensor, views: int) -> list[torch.Tensor]:
    if views == 1:
        return [images[:, :, 16:240, 16:240]]
    places = [(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)]
    crops = [images[:, :, top : top + 224, left : left + 224] for top, left in places]
    return crops + [crop.flip(3) for crop in crops]
