import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import experiments
from experiments.evidence.read import read_evidence

pytest.importorskip("altair", reason="needs `make report`'s packages: pip install -r requirements-report.txt")

from experiments.report.page.write import PAGE, write_page
from tests.experiments.committed import RESULTS
from tests.experiments.made_up_results import POOLING, pooling_results

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def write(results: Path, chosen=experiments.EXPERIMENTS) -> Path:
    return write_page(results, read_evidence(results, chosen), chosen)


def linked(results: Path) -> Path:
    """Symlinks the committed results, without their page, into a folder, for a new page's relative links."""
    for folder in RESULTS.iterdir():
        (results / folder.name).symlink_to(folder)
    (results / PAGE.parent.name).unlink(missing_ok=True)
    return results


def of_claims(*claims: str) -> list:
    return [one for one in experiments.EXPERIMENTS if one.claim in claims]


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    return write(linked(tmp_path_factory.mktemp("page")), of_claims("C1", "C3", "C10", "init"))


def test_the_page_is_one_small_file(page):
    assert page.stat().st_size < 2_000_000
    text = page.read_text("utf-8").split("<script")[0]
    loaded = re.findall(r"""(?:src|<link[^>]*href)=["']?([^"'> ]+)""", text)
    assert loaded
    assert all(address.startswith("data:") for address in loaded)


def test_the_one_speed_table_links_to_the_table_of_each_machine(page):
    section = page.read_text("utf-8").split('<h2 id="speed">')[1].split("</section>")[0]
    assert section.count("<table>") == 1
    for table in RESULTS.glob("benchmarks/*/table.md"):
        assert f'href="../benchmarks/{table.parent.name}/table.md"' in section
    assert "<img" not in section


@pytest.mark.slow
def test_the_page_of_all_experiments_is_small_too(tmp_path):
    assert write(linked(tmp_path)).stat().st_size <= 2_000_000


def test_every_link_of_the_page_has_a_target(page):
    text = page.read_text("utf-8").split("<script")[0]
    links = {link for link in re.findall(r'href="([^"]+)"', text) if not re.match("https?:|data:", link)}
    anchors = set(re.findall(r'id="([^"]+)"', text))
    assert len(links) > 50
    assert {link for link in links if link.startswith("#") and link[1:] not in anchors} == set()
    files = {link.split("#")[0] for link in links if not link.startswith("#")}
    assert {file for file in files if not (page.parent / file).exists()} == set()


def test_cells_of_a_table_are_escaped_on_the_page(tmp_path):
    folder = tmp_path / "cifar10" / "ablation-weight-decay"
    shutil.copytree(RESULTS / "cifar10" / folder.name, folder)
    rows = (folder / "runs.csv").read_text("utf-8")
    (folder / "runs.csv").write_text(rows.replace(" x CPU", "<img src=a onerror=b> x CPU"), "utf-8")
    shown = write(tmp_path).read_text("utf-8").split("<script")[0]

    assert "&lt;img src=a onerror=b&gt; x CPU" in shown
    assert "<img src=a" not in shown
    assert "<details><summary>" in shown


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs chromium (Debian's package of that name)")
    with playwright.sync_playwright() as runner:
        chromium = runner.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(params=[("light", 1200), ("dark", 390)], ids=["desktop-light", "phone-dark"])
def opened(page, browser, request):
    """The page in a desktop or phone window; a browser warning, error or HTTP request fails the test."""
    scheme, width = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    window, complaints = context.new_page(), []
    window.on("console", lambda said: complaints.append(said.text) if said.type != "log" else None)
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.on("request", lambda asked: complaints.append(asked.url) if asked.url.startswith("http") else None)
    window.goto(page.as_uri())
    window.locator("[data-chart=forest]").scroll_into_view_if_needed()
    window.wait_for_selector("[data-chart=forest][data-drawn] svg")
    yield window
    context.close()
    assert complaints == []


def open_details(opened, claim: str = "") -> None:
    opened.evaluate(f"document.querySelectorAll('{claim} details').forEach((one) => {{ one.open = true; }})")


@pytest.mark.slow
def test_the_page_fits_the_window_and_its_filter_and_curves_work(opened):
    open_details(opened)
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    forest = opened.locator("[data-chart=forest]")
    assert forest.evaluate("(it) => it.scrollWidth <= it.parentElement.clientWidth")

    box = opened.locator(".filter input").first
    verdict = box.get_attribute("value")
    hidden = opened.locator(f'.claim[data-verdict="{verdict}"]')
    box.uncheck()
    assert hidden.count()
    assert not any(claim.is_visible() for claim in hidden.all())
    box.check()
    assert all(claim.is_visible() for claim in hidden.all())

    opened.locator("#C1 .chart").first.scroll_into_view_if_needed()
    chart = opened.locator("#C1 .chart [data-drawn]").first
    chart.wait_for()
    lines = chart.locator(".mark-line path")
    before = lines.count()
    chart.locator("input[type=checkbox]").first.uncheck()
    fewer = "(n) => document.querySelectorAll('#C1 .chart .mark-line path').length < n"
    opened.wait_for_function(fewer, arg=before)


@pytest.mark.slow
def test_the_filter_holds_after_a_reload(opened):
    opened.locator(".filter input").first.uncheck()
    opened.reload()
    for box in opened.locator(".filter input").all():
        claims = opened.locator(f'.claim[data-verdict="{box.get_attribute("value")}"]').all()
        assert {claim.is_visible() for claim in claims} == {box.is_checked()}


@pytest.mark.slow
def test_a_link_shows_a_claim_that_the_filter_hides(opened):
    verdict = opened.locator("#C10").get_attribute("data-verdict")
    box = opened.locator(f'.filter input[value="{verdict}"]')
    box.uncheck()
    opened.locator('nav a[href="#C10"]').click()
    opened.locator("#C10").wait_for(state="visible")
    assert box.is_checked()


@pytest.mark.slow
def test_tables_are_sorted_with_empty_cells_last(opened):
    open_details(opened, "#C1")
    table = opened.get_by_role("region", name="Runs of ablation-relu on cifar10").locator("table")
    heads = [text.strip() for text in table.locator("thead th").all_inner_texts()]

    def clicked(name: str) -> list[str]:
        table.get_by_role("button", name=name).click()
        return table.locator(f"tbody td:nth-child({heads.index(name) + 1})").all_inner_texts()

    errors = clicked("test_error")
    assert len(errors) > 5
    assert list(map(float, errors)) == sorted(map(float, errors))
    table.locator("tbody td").nth(heads.index("train_error")).evaluate("(cell) => { cell.textContent = '' }")
    for falling in (False, True):
        *errors, last = clicked("train_error")
        assert last == ""
        assert list(map(float, errors)) == sorted(map(float, errors), reverse=falling)
    # Cells with letters and digits are sorted as text.
    names = table.locator("tbody td:first-child")
    names.evaluate_all("(cells) => { cells[0].textContent = 'a9'; cells[1].textContent = 'b1'; }")
    arms = clicked(heads[0])
    assert arms == sorted(arms)


@pytest.mark.slow
def test_a_table_whose_rows_share_a_first_cell_cannot_be_sorted(opened):
    tables = [opened.locator(f"#{claim} table").first for claim in ("C1", "C3")]
    first_cells = [table.locator("tbody td:first-child").all_inner_texts() for table in tables]
    assert ["" in cells for cells in first_cells] == [False, True]
    assert [table.locator("thead button").count() > 0 for table in tables] == [True, False]


@pytest.mark.slow
def test_the_printed_page_is_light_and_narrow(opened):
    opened.emulate_media(media="print")
    opened.set_viewport_size({"width": 700, "height": 900})

    def color(selector: str, name: str) -> list[int]:
        text = opened.locator(selector).first.evaluate(f"(it) => getComputedStyle(it).{name}")
        return list(map(int, re.findall(r"\d+", text)))

    assert max(color("body", "color")) < 64
    assert color("[data-chart=forest] .role-axis-label text", "fill") == color("body", "color")
    assert opened.locator("[data-chart=forest] svg").bounding_box()["width"] <= 700


def test_a_page_of_a_users_own_runs_names_their_data_set(tmp_path):
    folder = tmp_path / "folder-mine" / "ablation-bias"
    shutil.copytree(RESULTS / "cifar10" / "ablation-bias", folder)
    for path in (folder / "records").iterdir():
        record = json.loads(path.read_text("utf-8"))
        record["config"]["data"]["dataset"] = "folder:my photos"
        path.write_text(json.dumps(record), "utf-8")
    header, *rows = (folder / "runs.csv").read_text("utf-8").splitlines(keepends=True)
    rows = [row.replace(",cifar10,", ",folder-mine,") for row in rows if ",0,done," in row]
    (folder / "runs.csv").write_text("".join([header, *rows]), "utf-8")
    text = write(tmp_path, of_claims("C10")).read_text("utf-8")

    assert "make ablation-bias DATASET=&#39;folder:my photos&#39;</code>" in text
    assert '<div data-chart="forest">' not in text, "expected no forest plot: a lone pair has no interval"
    assert "No effect has an interval yet" in text


def test_effects_on_two_data_sets_have_rows_of_their_own(tmp_path):
    for dataset in ("builtin", "cifar10"):
        pooling_results(tmp_path / dataset / "pooling")
    text = write(tmp_path, [POOLING]).read_text("utf-8")
    labels = re.findall(r'"label":"C4, (.*?): test error', text)
    assert {*labels} == {"pooling on builtin", "pooling on cifar10"}


def test_unreadable_runs_are_not_reported_as_missing(tmp_path):
    pooling_results(tmp_path / "builtin" / "pooling")
    again = replace(POOLING, name="pooling-again")
    assert "No runs yet" in write(tmp_path, [POOLING, again]).read_text("utf-8")
    (tmp_path / "builtin" / again.name).mkdir()
    (tmp_path / "builtin" / again.name / "runs.csv").write_text("")
    text = write(tmp_path, [POOLING, again]).read_text("utf-8")
    assert "No readable runs" in text
    assert "No runs yet" not in text


def test_a_part_without_content_has_no_heading(tmp_path):
    (tmp_path / "cifar10").symlink_to(RESULTS / "cifar10")
    text = write(tmp_path, of_claims("C10")).read_text("utf-8")
    assert [f'id="{name}"' in text for name in ("environment", "figures", "speed")] == [True, False, False]


@pytest.mark.slow
def test_the_page_has_no_serious_accessibility_violation(opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    # Only the tables of one claim are shown, because the check of each takes seconds.
    open_details(opened, "#C1")

    found = axe.Axe().run(opened).response["violations"]

    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert {one["id"]: [node["html"][:200] for node in one["nodes"]] for one in serious} == {}
