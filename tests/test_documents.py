import re
import shlex
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

import alexnet_tf
import alexnet_tf.__main__
import benchmarks.__main__
import experiments
import experiments.__main__
from experiments.runner.find_run import find_run

ROOT = Path(__file__).resolve().parents[1]
SITE = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*/*.md"))
DOCUMENTS = ("README.md", "PAPER.md", "CONTRIBUTING.md", "results/README.md")
# The target of [text](target) or ![text](target), without its anchor and title.
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


@pytest.mark.parametrize("document", [*DOCUMENTS, "docs/index.md", *SITE])
def test_relative_links_lead_to_files(document):
    path = ROOT / document
    links = [link for link in LINK.findall(path.read_text()) if "://" not in link and "mailto:" not in link]

    assert [link for link in links if not (path.parent / link).exists()] == []


PAPER = (ROOT / "PAPER.md").read_text("utf-8")


def test_tests_named_in_paper_md_exist():
    named = re.findall(r"tests/[\w/]+\.py", PAPER)
    assert len(named) > 30
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_experiments_named_in_paper_md_have_results():
    recorded = {path.name for path in (ROOT / "results").glob("*/*") if path.is_dir()}
    assert set(re.findall(r"ablation(?:-[a-z]+)+", PAPER)) - recorded == set()


def test_paper_md_leads_to_every_experiment_on_a_claim():
    patterns = re.findall(r"results/\*/([\w*-]+)", PAPER.replace("\\*", "*"))
    names = [each.name for each in experiments.EXPERIMENTS if each.is_of_paper]
    assert [name for name in names if not any(fnmatch(name, one) for one in patterns)] == []


def test_the_readme_has_at_most_150_lines():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


MAINS = {each.__package__: each for each in (alexnet_tf.__main__, benchmarks.__main__, experiments.__main__)}


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command in the indented blocks and the `bash` blocks of a document."""
    blocks = re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    blocks += re.findall(r"^    .+$", outside.replace("\\\n", " "), re.MULTILINE)
    for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
        # Lines that do not match are formulas and programs.
        if re.match(r"\s*([A-Z_]+=\S+ )*(\S*python -m|make|alexnet) ", line):
            words = shlex.split(line, comments=True)
            yield words[next(i for i, word in enumerate(words) if "=" not in word) :]


def parsed(words: list[str]) -> list[tuple[str, object]]:
    """The package and the parsed options of a command, or of each command that a make target runs."""
    if words[0] == "make":
        dry_run = ["make", "-n", "--no-print-directory", *words[1:]]
        dry = subprocess.run(dry_run, cwd=ROOT, capture_output=True, text=True)
        assert dry.returncode == 0, dry.stderr
        return [found for line in commands("```bash\n" + dry.stdout + "```") for found in parsed(line)]
    room, arguments = ("alexnet_tf", words[1:]) if words[0] == "alexnet" else (words[2], words[3:])
    return [(room, MAINS[room]._parser().parse_args(arguments))] if room in MAINS else []


@pytest.mark.parametrize("document", [*DOCUMENTS, *SITE])
def test_documented_commands_exist(document):
    text = (ROOT / document).read_text("utf-8")
    found = []
    for words in commands(text):
        try:
            found += parsed(words)
        except SystemExit:
            pytest.fail(f"{document}: {shlex.join(words)}")

    arms = {each.name: {arm.name for arm in each.arms} for each in experiments.EXPERIMENTS}
    for _, options in found:
        if given := getattr(options, "arms", None):
            assert set(given.split(",")) <= arms[options.experiment], options.experiment
        if run_id := getattr(options, "run_id", None):
            # The built-in set is the only one whose images everybody has.
            run = find_run(ROOT / "results", run_id)
            assert run.record["config"]["data"]["dataset"] == "builtin", run_id


def test_a_wrong_flag_of_a_document_is_found():
    (words,) = commands("```bash\nA=1 make compare \\\n  B=runs  # why\n```\n")
    assert words == ["make", "compare", "B=runs"]
    with pytest.raises(SystemExit):
        parsed(["alexnet", "train", "--colour", "red"])
    with pytest.raises(AssertionError):
        parsed(["make", "quickstrat"])


def test_the_reference_has_every_public_name():
    text = (ROOT / "docs/reference/python.md").read_text("utf-8")
    described = set(re.findall(r"(?:auto\w+:: |^`)(\w+)", text, re.MULTILINE))

    assert set(alexnet_tf.__all__) <= described
