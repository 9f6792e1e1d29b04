"""Sphinx directives that insert effects, verdicts, code and help texts, so that pages hold no copies."""

import argparse
import ast
import functools
import importlib
import os
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[([^\]]+)\]\((?!https?://|#)([^)]+)\)")


@functools.cache
def claims() -> dict[str, Any]:
    """The claims by name, with the evidence for them in results/."""
    from experiments import EXPERIMENTS
    from experiments.evidence.claims import claims_of
    from experiments.evidence.read import read_evidence

    return {
        claim.name: claim for claim in claims_of(read_evidence(ROOT / "results", EXPERIMENTS), EXPERIMENTS)
    }


def claim_text(name: str) -> str:
    """Markdown of a claim's verdict and conditions."""
    if name not in claims() or not claims()[name].conditions:
        raise ValueError(f"claim: expected one with rows in results/; received {name!r}")
    from experiments.claims.common import DATASET_NOTES

    claim = claims()[name]
    rule = "{doc}`How a verdict is made </why/seeds-and-intervals>`"
    parts = [f"Verdict on {name}: **{claim.verdict}**. {rule}."]
    for one in claim.conditions:
        experiment, decides = one.experiment, one is claim.decides
        verdict = (
            "This condition decides the verdict"
            if decides
            else f"The verdict here is: {one.verdict}{'' if one.is_complete else ' (incomplete)'}"
        )
        images = {row["data_fingerprint"] for row in one.rows} & {*DATASET_NOTES}
        data_set = one.dataset + "".join(f" ({DATASET_NOTES[each]})" for each in sorted(images))
        parts += [
            f"*{experiment.statement}* {verdict}. Data set: {data_set}{one.scale and f'; {one.scale}'}.",
            comparisons_table(
                [each for each in one.judged if each.comparison.primary or each.comparison.control]
            ),
            f"Reasons:\n\n{bullets(experiment.reasons)}" if decides and experiment.reasons else "",
            f"To run it again: `make {experiment.name} DATASET={one.dataset}`; cost: {experiment.cost}. "
            f"All arms are in `results/{one.path('table.md')}`.",
        ]
    return "\n\n".join(parts)


def experiment_text(name: str) -> str:
    """Markdown of an experiment's comparisons on its declared data set, and of its reasons."""
    found = [
        one
        for claim in claims().values()
        for one in claim.conditions
        if (one.experiment.name, one.dataset) == (name, one.experiment.dataset)
    ]
    if not found:
        raise ValueError(
            f"comparisons: expected an experiment with rows on its own data set; received {name!r}"
        )
    (one,) = found
    return f"{comparisons_table(one.judged)}\n\n{bullets(one.experiment.reasons)}"


def bullets(texts: Sequence[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def comparisons_table(judged: Sequence[Any]) -> str:
    from experiments.evidence import wording
    from experiments.report.markdown import markdown

    rows = [
        [
            wording.measure(one.comparison, "`")
            + (f" (control: {one.comparison.control})" if one.comparison.control else ""),
            wording.declared(one.comparison.smallest_effect, one.comparison),
            wording.paper_effect(one.comparison),
            wording.judged_effect(one),
            str(one.effect.n),
            one.verdict,
        ]
        for one in judged
    ]
    return markdown(("measure", "s", "paper", "ours [95% interval]", "pairs", "verdict"), rows)


class Measured(SphinxDirective):
    """`{claim} C3` or `{comparisons} ablation-relu`: effects and verdicts."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        text = claim_text if self.name == "claim" else experiment_text
        for one in (one for claim in claims().values() for one in claim.conditions):
            if self.arguments[0] in (one.experiment.claim, one.experiment.name):
                self.env.note_dependency(str(one.folder / "runs.csv"))
        return self.parse_text_to_nodes(text(self.arguments[0]))


class Commands(SphinxDirective):
    """`{commands} alexnet_tf`: the help text of each command."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(commands_text(self.arguments[0]), allow_section_headings=True)


def commands_text(room: str) -> str:
    os.environ["COLUMNS"] = "110"
    parser = importlib.import_module(f"{room}.__main__")._parser()
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    parts = [f"```none\n{parser.format_help()}```"]
    for name, command in commands.choices.items():
        parts.append(f"### {name}\n\n```none\n{command.format_help()}```")
    return "\n\n".join(parts)


def source_of(path: Path, name: str) -> str:
    """The lines of a function, class or `Class.method`, without docstrings and its own decorators."""
    text = path.read_text("utf-8")
    found: ast.AST = ast.parse(text)
    for part in name.split("."):
        inside = [node for node in ast.iter_child_nodes(found) if getattr(node, "name", None) == part]
        if not inside:
            raise ValueError(f"source: expected a definition in {path}; received {name!r}")
        found = inside[0]
    kept = dict(enumerate(text.splitlines(), 1))
    for node in ast.walk(found):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            for line in range(node.body[0].lineno, node.body[0].end_lineno + 1):
                del kept[line]
    lines = [kept[line] for line in range(found.lineno, found.end_lineno + 1) if line in kept]
    return textwrap.dedent("\n".join(lines))


class Source(SphinxDirective):
    """`{source} alexnet_tf/reference/pooling.py max_pool`: the code of a definition."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        path, name = self.arguments
        self.env.note_dependency(str(ROOT / path))
        text = source_of(ROOT / path, name)
        caption = nodes.caption("", "", nodes.literal("", path))
        code = nodes.literal_block(text, text, language="python")
        return [nodes.container("", caption, code, literal_block=True, classes=["literal-block-wrapper"])]


def links_as_paths(app, path: Path, _parent, content: list[str]) -> None:
    # In included files such as README.md, most links lead to files that are not part of the site.
    folder = (Path(app.srcdir) / path).resolve().parent
    content[0] = LINK.sub(lambda link: shown(link[1], os.path.relpath(folder / link[2], ROOT)), content[0])


def shown(text: str, path: str) -> str:
    """What replaces a link: its text and path, or only the path if the path ends with the text.

    Example:

    >>> shown("data/decode.py", "alexnet_tf/data/decode.py"), shown("CHANGELOG.md", "CHANGELOG.md")
    ('`alexnet_tf/data/decode.py`', '`CHANGELOG.md`')
    >>> shown("the page", "results/claims.md")
    'the page (`results/claims.md`)'
    """
    return f"`{path}`" if path.endswith(text.strip("`")) else f"{text} (`{path}`)"


def setup(app) -> dict:
    app.add_directive("claim", Measured)
    app.add_directive("comparisons", Measured)
    app.add_directive("commands", Commands)
    app.add_directive("source", Source)
    app.connect("include-read", links_as_paths)
    return {"parallel_read_safe": True}
