"""The report as a reader meets it: opened in a browser, wide and narrow, light and dark, and on paper."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from analysis_py.marts.build_record import BuildRecord, TestOutcome
from analysis_py.marts.published_count import PublishedCount
from analysis_py.marts.quality import QualityCheck
from analysis_py.report.present import write_results
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.study import run_study
from tests.unit.analysis.conftest import _make_cohort, _make_flow

pytestmark = pytest.mark.needs_chromium

WIDE, NARROW = 1200, 390
PORTRAIT, LANDSCAPE = 680, 1032  # pixels of A4 between the margins that the page asks for
Scheme = Literal["light", "dark"]
BUILD = BuildRecord(
    finished_at="2026-01-02 03:04:05",
    versions={"dbt": "1.11.16", "server": "PostgreSQL 16.2"},
    definitions={"heparin": "any_icu", "sofa_pao2fio2_max_points_not_ventilated": "2"},
    defaults={"heparin": "infusion", "sofa_pao2fio2_max_points_not_ventilated": "2"},
    tests=(
        TestOutcome("unique_stay_id", "analysis_cohort", "pass", 0, "one row per stay"),
        TestOutcome("mostly_ordered", "stg_mimic__inputevents", "warn", 12, "nearly every row ends after its start"),
    ),
    sources={"mimiciv_icu.icustays": 73181},
    quality=(
        QualityCheck("lab_value_negative", "labevents", "inr", 1000, 20, 0.1, 5, "left out", "What it means", False),
    ),
    published=tuple(
        PublishedCount(
            *("2.2", name, title, "count", model, published, ours, tolerance, True, agrees, difference),
            "fhnaumann/mimic-code, concepts_fhir, oracle manifest of 2.2",
        )
        for name, title, model, published, ours, tolerance, agrees, difference in (
            ("icu_stays", "ICU stays", "int_icu_stay", 73181.0, 73181.0, 0, True, "none"),
            (
                "sofa_hours",
                "hours with a SOFA score",
                "sofa_hourly",
                6043902,
                5900000.0,
                0.5,
                False,
                "margin of the stay",
            ),
        )
    ),
    fingerprint="0123456789ab",
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The results of a generated cohort, and of nine patients, none treated, of whom nothing can be estimated."""
    generated = run_study(type_cohort(_make_cohort(400), "dexsic.analysis_cohort"), _make_flow(400), 1, 1, print)
    generated = replace(generated, generated="400 generated ICU stays, seed 7", build=BUILD)
    nine = _make_cohort(9).assign(treated=False)
    tiny = run_study(type_cohort(nine, "dexsic.analysis_cohort"), _make_flow(9), 2, 1, print)
    made = {}
    for name, study, flow, below in (("generated", generated, _make_flow(400), 0), ("tiny", tiny, _make_flow(9), 10)):
        made[name] = tmp_path_factory.mktemp(name)
        write_results(made[name], study, flow, below, 1)
    return made


@pytest.fixture(params=["generated", "tiny"])
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    return folders[request.param]


def opened(browser: Browser, folder: Path, width: int = WIDE, scheme: Scheme = "light") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.goto((folder / "report.html").as_uri())
    return page


def unfold(page: Page) -> None:
    page.get_by_role("button", name="Unfold all").click()


def test_the_page_is_silent_and_asks_nobody_for_anything(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "report.html").as_uri())
    unfold(page)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [(folder / "report.html").as_uri()]
    page.close()


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        # each width and each scheme of each page, not all pairs: nothing of a page is made for one pair alone
        ("generated", WIDE, "dark"),
        ("generated", NARROW, "light"),
        ("tiny", WIDE, "light"),
        ("tiny", NARROW, "dark"),
    ],
)
def test_everything_is_drawn_reached_and_accessible(
    browser: Browser, folders: dict[str, Path], name: str, width: int, scheme: Scheme
) -> None:
    page = opened(browser, folders[name], width, scheme)
    unfold(page)

    undrawn = page.eval_on_selector_all(
        "img", "all => all.filter(one => !one.complete || one.naturalWidth === 0 || one.alt.length < 40).length"
    )
    assert undrawn == 0

    # nothing but tables and figures is wider than the screen, and they scroll to their end
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.eval_on_selector_all(
        ".wide",
        """all => all.filter(one => {
            one.scrollLeft = 1e6;
            const end = one.firstElementChild.getBoundingClientRect().right;
            one.scrollLeft = 0;
            return end > one.getBoundingClientRect().right + 1;
        }).length""",
    )
    assert cut == 0
    # no word reaches into the next cell
    words = page.eval_on_selector_all(
        "th, td", "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.innerText)"
    )
    assert words == []

    links = page.locator("nav a")
    assert links.count() > 10
    for at in range(links.count()):
        if width < 1100:
            page.locator(".toc > summary").click()
        links.nth(at).click()
        page.wait_for_timeout(50)
        top, banner = page.evaluate(
            """() => [
                document.querySelector(`${location.hash} :is(h1, h2)`).getBoundingClientRect().top,
                document.querySelector('.generated')?.getBoundingClientRect().bottom ?? 0,
            ]"""
        )
        assert banner <= top < 844

    found = Axe().run(page, options={"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": True}}})
    assert found.violations_count == 0, found.generate_report()
    page.close()


def test_dark_mode_is_dark_in_text_and_figures(browser: Browser, folder: Path) -> None:
    page = opened(browser, folder, scheme="dark")
    ground, ink = page.evaluate("(style => [style.backgroundColor, style.color])(getComputedStyle(document.body))")
    assert _brightness(ground) < 50 < 200 < _brightness(ink)
    assert "invert" in page.evaluate("getComputedStyle(document.querySelector('figure img')).filter")
    page.close()


def _brightness(color: str) -> float:
    parts = [float(part) for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
    return sum(parts) / 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_table_is_cut_on_paper(browser: Browser, folder: Path, scheme: Scheme) -> None:
    page = opened(browser, folder, PORTRAIT, scheme)
    page.emulate_media(media="print")
    for width, kind in ((PORTRAIT, ".block:not(.sideways)"), (LANDSCAPE, ".block.sideways")):
        page.set_viewport_size({"width": width, "height": 844})
        wider = page.eval_on_selector_all(
            f"{kind} table, {kind} img",
            f"all => all.map(one => one.getBoundingClientRect().right).filter(end => end > {width})",
        )
        assert wider == []
    # ink on paper is dark whatever the screen was
    assert _brightness(page.evaluate("getComputedStyle(document.body).color")) < 80
    page.close()


def test_each_table_and_figure_is_downloaded_as_the_file_of_the_output_folder(browser: Browser, folder: Path) -> None:
    page = opened(browser, folder)
    unfold(page)
    links = page.locator(".files a")
    names = set(links.evaluate_all("all => all.map(one => one.download)"))
    written = {path.name for kind in ("tables", "figures") for path in (folder / kind).iterdir()}
    # of an empty build record there is nothing to show
    assert written - names <= {
        "data_quality.csv",
        "published_counts.csv",
        "data_tests.csv",
        "source_tables.csv",
        "definitions.csv",
        "checklist.csv",
    }
    assert names <= written
    for name in ("table1_baseline.csv", "flow.svg", "flow.png"):
        with page.expect_download() as started:
            page.locator(f".files a[download='{name}']").first.click()
        kind = "tables" if name.endswith(".csv") else "figures"
        assert started.value.suggested_filename == name
        assert started.value.path().read_bytes() == (folder / kind / name).read_bytes()
    page.close()
    assert (folder / "report.html").stat().st_size < 8_000_000


def test_what_cannot_be_estimated_or_was_not_recorded_says_why_in_its_place(
    browser: Browser, folders: dict[str, Path]
) -> None:
    page = opened(browser, folders["tiny"])
    unfold(page)
    for section in ("balance", "models", "exposure", "subgroups", "robustness", "e-values"):
        assert "No matched cohort: " in page.locator(f"#{section}").inner_text()
    for section in ("quality", "definitions"):
        assert "build with `dbt build`" in page.locator(f"#{section}").inner_text()
    page.close()
