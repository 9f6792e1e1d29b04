from collections.abc import Mapping

from benchmarks.profile.rows import FORWARD, INPUTS, MATRIX_PRODUCT, WEIGHTS, WHOLE, Share, by_call
from experiments.report.markdown import markdown


def profile_tables(shares: list[Share], about: Mapping[str, str]) -> str:
    """Markdown tables for each profiled call: times of its layers, and of operations that belong to none.

    `about` describes the run, as in profile_machine.csv.
    """
    if not shares:
        return ""
    parts = [
        f"Measured by `make profile` on {about.get('measured_at', '')[:10] or 'an unknown date'} at commit "
        f"{about.get('tensorflow_git_commit', '?')}; load average before the run "
        f"{about.get('load_before', '?')}. Operations run one after the other, each on all threads."
    ]
    for (work, precision, batch), found in by_call(shares).items():
        (whole,) = (one for one in found if one.part == WHOLE)
        (product,) = (one for one in found if one.part == MATRIX_PRODUCT)
        peak = product.gflop / product.seconds
        rows = [one for one in found if one.part not in (WHOLE, MATRIX_PRODUCT)]
        traced = sum(one.seconds for one in rows)
        parts.append(f"### {work}, {precision}, batch {batch}: {_milliseconds(whole.seconds)} ms")
        products = [one for one in rows if one.gflop]
        share = sum(one.seconds for one in products) / traced
        speed = sum(one.gflop for one in products) / sum(one.seconds for one in products)
        parts.append(
            f"Traced time: {_milliseconds(traced)} ms. The whole call runs at "
            f"{whole.gflop / whole.seconds:,.0f} GFLOP/s. Its convolutions and fully connected layers take "
            f"{share:.0%} of the traced time and run at {speed:,.0f} GFLOP/s. The {MATRIX_PRODUCT}, measured "
            f"in turns with the call, runs at {peak:,.0f} GFLOP/s."
        )
        parts.append(_layers_table(rows, peak, traced))
        others = sorted((one for one in rows if not one.layer), key=lambda one: -one.seconds)
        lines = [[one.part, _milliseconds(one.seconds), f"{one.seconds / traced:.0%}"] for one in others]
        parts.append(markdown(("other operations", "ms", "of the traced time"), lines))
    return "\n\n".join(parts)


def _layers_table(rows: list[Share], peak: float, traced: float) -> str:
    directions = [part for part in (FORWARD, WEIGHTS, INPUTS) if part in {one.part for one in rows}]
    lines = []
    for layer in sorted({one.layer for one in rows if one.layer}):
        of_layer = {one.part: one for one in rows if one.layer == layer}
        cells = [_cell(of_layer.get(direction), peak) for direction in directions]
        lines.append([layer, *cells, f"{sum(one.seconds for one in of_layer.values()) / traced:.0%}"])
    return markdown(
        ("layer (cells: ms, % of the matrix product's speed)", *directions, "of the traced time"), lines
    )


def _cell(one: Share | None, peak: float) -> str:
    return f"{_milliseconds(one.seconds)}, {one.gflop / one.seconds / peak:.0%}" if one else "–"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f}" if seconds >= 0.01 else f"{1000 * seconds:.2g}"
