import base64
import html
import io
import json
import re
import shlex
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markdown_it import MarkdownIt
from PIL import Image

from alexnet_tf.results.csv_rows import to_text
from alexnet_tf.results.folder import read_lr_search
from alexnet_tf.runtime.files import make_folder, write_text
from experiments.evidence import wording
from experiments.evidence.claims import Claim, claims_of, count_verdicts
from experiments.evidence.read import Evidence, folders_of
from experiments.experiment import Experiment
from experiments.report.claims_page import claim_section, not_adjusted, statement_of
from experiments.report.overview import CHANGES, at_a_glance, before_you_rely
from experiments.report.page.charts import curves_chart, forest_chart, forest_point
from experiments.report.robustness import adjusted_p
from experiments.report.rule import TERMS
from experiments.report.tables import experiment_table

HERE = Path(__file__).parent
# Path of the page in the results directory, and of the results directory relative to the page's folder.
PAGE, RESULTS = Path("report") / "index.html", ".."
FILES = ("runs.csv", "curves.csv", "effects.csv", "summary.csv", "lr_search.csv", "figure.svg")
PICTURES = {
    "architecture.png": "Figure 2: the network with its sizes.",
    "kernels.png": "Figure 3: the first-layer kernels of one net. The verdict on C13 is from other nets.",
    "predictions.png": "Figure 4, left: test images and the five most probable classes.",
    "neighbours.png": "Figure 4, right: the nearest training images in fc7, and in pixels.",
}
# In pixels. Four such pictures take 0.3 MB of the page.
PICTURE_WIDTH = 1100
# Only these tags are kept, and all other HTML is escaped, because recorded tables may hold any text.
OWN_TAGS = re.compile(r"&lt;(/?(?:details|summary))&gt;")
COLUMNS = ("arm", "seed", "status", "epochs", "learning_rate", "train_error", "test_error", "test_top5_error")


def write_page(results_dir: Path, found: Sequence[Evidence], experiments: Sequence[Experiment]) -> Path:
    """Writes `report/index.html`, which needs no other file, server or network; returns its path."""
    adjusted = adjusted_p(found)
    all_claims = claims_of(found, experiments)
    unread = {
        f"{folder.parent.name}/{folder.name}"
        for experiment in experiments
        for folder in folders_of(results_dir, experiment)
        if folder not in {evidence.folder for evidence in found}
    }
    claims = [_claim(claim, results_dir, adjusted, unread) for claim in all_claims if claim.conditions]
    deciding = [claim.decides for claim in all_claims if claim.decides]
    charts = {_chart_name(evidence): curves_chart(evidence) for evidence in found}
    if effects := _effects(found, deciding):
        charts["forest"] = forest_chart(effects)
    rely = before_you_rely(found, deciding, not_adjusted(all_claims, adjusted))
    # The longest part of the page's first screen, so it is folded.
    if CHANGES in rely:
        rely = rely.replace(f"{CHANGES}:\n", f"<details><summary>{CHANGES}</summary>\n\n")
        rely += "\n\n  </details>"
    terms = TERMS.replace("(#the-rule)", "(claims.md#the-rule)")
    template = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    ).get_template("page.html")  # fmt: skip
    text = template.render(
        headline=count_verdicts(found),
        overview=_html(f"{rely}\n\n{terms}\n\n{at_a_glance(found)}", results_dir, results_dir),
        has_effects="forest" in charts,
        claims=claims,
        verdicts=dict(Counter(claim["verdict"] for claim in claims)),
        pictures=_pictures(results_dir),
        speed=_speed(results_dir),
        environments=_environments(found),
        # A `</script>` in a text must not end the element.
        charts=json.dumps(charts, separators=(",", ":")).replace("<", "\\u003c"),
        style=(HERE / "page.css").read_text("utf-8"),
        script=(HERE / "page.js").read_text("utf-8"),
        vega=vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script"),
    )
    make_folder((results_dir / PAGE).parent, "--results-dir")
    write_text(results_dir / PAGE, text)
    return results_dir / PAGE


def _claim(
    claim: Claim, results_dir: Path, adjusted: Mapping[int, float | None], unread: Collection[str]
) -> dict[str, Any]:
    section = claim.experiments[0].section
    return {
        "name": claim.name,
        "statement": statement_of(claim),
        "section": f"Section {section} of the paper." if claim.is_of_paper else "A question of our own.",
        "verdict": claim.verdict,
        # Without heading and statement.
        "text": _html(claim_section(claim, adjusted, unread).split("\n\n", 2)[2], results_dir, results_dir),
        "experiments": [_experiment(evidence, claim.decides) for evidence in claim.conditions],
    }


def _chart_name(evidence: Evidence) -> str:
    return f"{evidence.dataset}-{evidence.folder.name}"


def _experiment(evidence: Evidence, decider: Evidence | None) -> dict[str, Any]:
    experiment = evidence.experiment
    decider = None if decider is evidence else decider
    columns = [column for column in (*COLUMNS, *experiment.columns, "seconds") if column in evidence.rows[0]]
    results_dir = evidence.folder.parent.parent
    return {
        "name": experiment.name,
        "dataset": evidence.dataset,
        "about": MarkdownIt().render(f"{experiment.statement} Cost: {experiment.cost}."),
        "command": _command(evidence),
        "chart": _chart_name(evidence) if evidence.curves else "",
        "table": _html(
            experiment_table(evidence, read_lr_search(evidence.folder), decider).split("\n", 1)[1],
            evidence.folder, results_dir,
        ),
        "columns": columns,
        "runs": [
            {
                "cells": [_cell(row[column]) for column in columns],
                "record": f"{RESULTS}/{evidence.path('records/' + row['run_id'])}.json"
                if row["run_id"] in evidence.records else "",
            }
            for row in evidence.rows
        ],
        "files": [
            {"name": file, "href": f"{RESULTS}/{evidence.path(file)}"}
            for file in FILES if (evidence.folder / file).exists()
        ],
    }  # fmt: skip


def _command(evidence: Evidence) -> str:
    experiment = evidence.experiment
    if not experiment.name.startswith("ablation-"):
        return f"make {experiment.name}"
    # Only the records have the path of a folder of images.
    config = next((found for row in evidence.rows if (found := evidence.about(row, "config"))), {})
    dataset = config.get("data", {}).get("dataset", evidence.dataset)
    place = "" if dataset == "builtin" or dataset.startswith("folder:") else " DATA_DIR=..."
    return f"make {experiment.name} DATASET={shlex.quote(dataset)}{place}"


def _effects(found: Sequence[Evidence], deciding: Sequence[Evidence]) -> list[dict[str, Any]]:
    folders = {evidence.folder for evidence in deciding}
    data_sets = Counter(evidence.experiment.name for evidence in found)
    return [
        {
            # Effects with the same label would be drawn in the same row.
            "label": f"{evidence.experiment.claim}, {evidence.experiment.name.removeprefix('ablation-')}"
            f"{f' on {evidence.dataset}' * (data_sets[evidence.experiment.name] > 1)}: "
            f"{wording.measure(one.comparison)}",
            "text": wording.judged_effect(one),
            "verdict": one.verdict,
            "href": f"#{evidence.experiment.claim}",
            "decides": evidence.folder in folders,
            **point,
        }
        for evidence in found
        for one in evidence.primary
        if (point := forest_point(one))
    ]


def _pictures(results_dir: Path) -> list[dict[str, str]]:
    pictures = []
    for name, caption in PICTURES.items():
        for path in sorted(results_dir.glob(f"*/*/{name}")):
            with Image.open(path) as image:
                small = image.convert("RGB")
            small.thumbnail((PICTURE_WIDTH, 10 * PICTURE_WIDTH), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            small.save(buffer, "WEBP", quality=60, method=6)
            about = f"{path.parent.name} on {path.parent.parent.name}"
            pictures.append({
                "data": "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode(),
                "alt": f"{caption} {about}",
                "caption": f"{caption} ({about})",
                "href": f"{RESULTS}/{path.relative_to(results_dir).as_posix()}",
            })  # fmt: skip
    return pictures


def _speed(results_dir: Path) -> str:
    """HTML of benchmarks/table.md; empty without it. Each machine's own table (up to 30 kB) is a link."""
    path = results_dir / "benchmarks" / "table.md"
    if not path.exists():
        return ""
    _, *parts = path.read_text("utf-8").split("\n\n")
    # Without the figures, because the page needs no other file.
    return _html("\n\n".join(part for part in parts if not part.startswith("[![")), path.parent, results_dir)


def _environments(found: Sequence[Evidence]) -> list[list[str]]:
    counts = Counter(
        (row["tensorflow"], row["keras"], row["precision"], row["device"])
        for evidence in found for row in evidence.rows
    )  # fmt: skip
    return [[*key, str(count)] for key, count in sorted(counts.items())]


def _html(text: str, folder: Path, results_dir: Path) -> str:
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(text)
    for token in tokens:
        for part in (token, *(token.children or ())):
            if part.type in ("html_block", "html_inline"):
                part.content = OWN_TAGS.sub(r"<\1>", html.escape(part.content, quote=False))
            target = part.attrGet("href") or part.attrGet("src")
            if target and "://" not in str(target) and not str(target).startswith("#"):
                there = f"{RESULTS}/{folder.relative_to(results_dir).as_posix()}/{target}"
                part.attrSet("href" if part.type == "link_open" else "src", there)
        # These headings rank below those of the page itself.
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h4"
    rendered = parser.renderer.render(tokens, parser.options, {})
    box = '<div class="table" tabindex="0" role="region" aria-label="Table">'
    return rendered.replace("<table>", f"{box}<table>").replace("</table>", "</table></div>")


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else to_text(value)
