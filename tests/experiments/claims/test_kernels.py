import dataclasses
import math

import numpy as np
import pytest

from alexnet_tf.config.presets import SCALED
from alexnet_tf.figures.kernels import first_kernels
from alexnet_tf.models import build_model
from experiments.claims.kernels import (
    COLORFUL,
    CONTRAST,
    DEALS_BEYOND,
    GREY,
    KERNELS,
    KERNELS_TRAINED,
    SPREAD,
    tower_contrast,
)
from experiments.evidence.read import read_evidence
from experiments.report.figures.values import draw_values
from tests.experiments.made_up_results import record
from tests.experiments.tables_read_back import report


@pytest.fixture(scope="module")
def parted():
    """A net whose first tower has eight grey kernels in conv1, and whose second has eight coloured ones."""
    config = dataclasses.replace(SCALED, filters=(16, 8, 8, 8, 8), hidden=(8, 8), width=1.0)
    model = build_model(config, (56, 56, 3), classes=3)
    kernels, towers = first_kernels(model)
    assert towers == 2
    kernels[:] = 0
    kernels[0, 0, :, :8] = np.array([[1, 1, 1]]).T / np.sqrt(3)
    kernels[0, 0, :, 8:] = np.array([[1, -1, 0]]).T / np.sqrt(2)
    model.get_layer("conv1").kernel.assign(kernels)
    return model


def test_specialised_towers_have_a_contrast_of_1(parted):
    expected = {CONTRAST.name: 1, COLORFUL.name: 1, GREY.name: 0}
    assert tower_contrast()([parted], None) == pytest.approx(expected)


def test_few_random_splits_differ_as_much_as_specialised_towers(parted):
    told = tower_contrast(dealt=True)([parted], None)

    # With k of the 8 coloured kernels in one half, the contrast is |2k - 8| / 8.
    ways = [math.comb(8, k) ** 2 for k in range(9)]
    mean = sum(way * abs(2 * k - 8) / 8 for k, way in enumerate(ways)) / sum(ways)
    assert told.keys() == {CONTRAST.name, DEALS_BEYOND.name}
    assert told["tower_contrast"] == pytest.approx(mean, abs=0.03)
    assert told[DEALS_BEYOND.name] == pytest.approx(0, abs=0.002)  # 2 of the 12,870 splits
    spread = tower_contrast(dealt=True, spread=True)([parted], None)
    # Contrasts of 0, 1/4, 1/2, ... have probabilities .38, .49, .12, ...; SPREAD: percentiles 5, 25, 75, 95.
    assert [spread[metric.name] for metric in SPREAD] == pytest.approx([0, 0, 0.25, 0.5])


def test_the_figure_shows_the_random_splits_and_the_contrast_of_each_net(tmp_path, axes):
    folder = tmp_path / "tiny_imagenet100" / KERNELS_TRAINED.name
    for seed, own in enumerate((0.1, 0.3, 0.4)):
        spread = dict(zip((metric.name for metric in SPREAD), (0.02, 0.08, 0.2, 0.3), strict=True))
        dealt = {CONTRAST.name: 0.15, DEALS_BEYOND.name: 0.05, **spread}
        for arm, values in (("dealt", dealt), ("two", {CONTRAST.name: own})):
            record(folder, KERNELS_TRAINED, arm, seed, [0.9, 0.5], config_hash=f"net {seed}", **values)
    (evidence,) = read_evidence(tmp_path, [KERNELS_TRAINED])

    words = draw_values(axes, evidence, CONTRAST, [CONTRAST])

    assert "random splits" in words
    marks = [line.get_ydata().tolist() for line in axes.lines]
    # The bars of each net: the middle 90% and the middle 50% of its random splits.
    assert marks.count([0.02, 0.3]) == marks.count([0.08, 0.2]) == 3
    # Each net's own contrast, of the arm `two`, is one mark on these bars.
    own = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "_"]
    assert sorted(own) == [0.1, 0.3, 0.4]


def test_a_table_has_the_share_of_random_splits_of_each_net(tmp_path):
    folder = tmp_path / "tiny_imagenet100" / KERNELS.name
    for seed, share in enumerate((0.021, 0.429, 0.867)):
        record(folder, KERNELS, "dealt", seed, [0.9, 0.5], tower_contrast=0.15, deals_beyond=share)
    assert report(folder, KERNELS) == []
    table = (folder / "table.md").read_text()
    assert "| random splits that differ as much as the towers, net by net |" in table
    assert "| 0.150 ± 0.000 | 2.10%, 42.90%, 86.70% |" in table
