"""A browser, and a page made by hand: its first screen, and parts of every kind."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from analysis_py.report.first import First, Mark, Number
from analysis_py.report.page import Caption, Curve, Panel, Part, Picture, Table, picture, plain_table
from analysis_py.report.render import render_report
from tests.conftest import CHROMIUM

Open = Callable[..., Page]

# a browser that calls home would make requests that are not the page's
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET += " --disable-component-update --disable-sync"

QUESTION = "Does starting dexmedetomidine within 24 h lower 28-day death in hospital in patients with SIC?"
ANSWER = (
    "The trial finds fewer deaths (hazard ratio 0.71, 95 % CI 0.58 to 0.87), which may not be read as an effect of the "
    "drug: too few events, and the negative controls show systematic error."
)
NUMBERS = (
    Number("Patients", "4,812", "of 6,523 in the published cohort"),
    Number("28-day risk of death", "18.2 % with, 21.9 % without", "95 % intervals 16.9 to 19.6 and 20.1 to 23.4"),
    Number("Difference", "−3.7 points", "95 % interval −5.8 to −1.6"),
)
MARKS = (
    Mark("Balance", "✓", "passes", "largest |SMD| 0.083", "less than 0.1"),
    Mark("Equipoise", "✓", "passes", "share in equipoise 81 %", "at least 20 %"),
    Mark("Power", "~", "caution", "minimum detectable HR 1.31", "less than 1.25"),
    Mark("Events per coefficient", "✗", "fails", "events per coefficient 7.3", "at least 10"),
    Mark("Who is kept", "✓", "passes", "share of the treated 100 %", "at least 80 %"),
    Mark("The weights", "✓", "passes", "smaller effective sample size 1,061", "at least 50"),
    Mark("Systematic error (EASE)", "–", "not evaluated", "3 of 34 controls count, 5 are needed", "less than 0.25"),
)
LEAD = "What the headline says is folded behind the first screen: aquamarine."
STAMP = "6,523 generated ICU stays, seed 1, trial, hazard ratio 0.7"
SIGNS = {"✓": "agrees", "✗": "differs"}
# in the order of the build, which is no other order
CHOICES = ("as published", "caliper 0.1 SD", "SIC by six organs", "no heparin", "first stay only")
RATIOS = ("0.83 (0.61–1.12)", "not estimable: no pairs", "<0.01 (<0.01–0.30)", "1.40 (1.10–1.78) ✗", "0.9 (0.2–4.0)")
SIZES = ("1,234", "hidden", "98", "12,345", "n/e")
SHARES = ("12.3 %", "", "-4.1 %", "+5.0 %", "0 %")


def _svg(width: int, height: int) -> bytes:
    shapes = '<rect width="100%" height="100%" fill="#fff"/><path d="M70 30V250H680" fill="none" stroke="#000"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{shapes}</svg>"
    ).encode()


def made_picture(name: str, title: str, panels: tuple[Panel, ...] = (), is_wide: bool = True) -> Picture:
    files = {f"{name}.svg": _svg(*((700, 300) if is_wide else (500, 310)))}
    told = f"{title}, told in words and numbers for those who do not see it"
    return replace(picture(Caption(title, "Text of the caption."), told, files, is_wide), panels=panels)


WITH = Curve("With", (0, 7, 14, 28), (0, 5.25, 12.5, 18.2), (0, 4, 11, 16.9), (0, 6.5, 14, 19.6))
WITHOUT = Curve("Without", (0, 10, 28), (0, 11, 21.9))
LEFT = Panel(0.1, 0.1, 0.48, 0.8, (0, 28), (0, 30), "Days after ICU admission", (WITH, WITHOUT))
RIGHT = Panel(0.56, 0.1, 0.98, 0.8, (0, 28), (0, 30), "Days after time zero", (WITHOUT,))


def _robustness() -> Table:
    lines = [
        {"section": section, "Choice": choice, "HR (95 % CI)": ratio, "n": size, "Change": share}
        for section in ("Before matching", "After matching", "As the trial")
        for choice, ratio, size, share in zip(CHOICES, RATIOS, SIZES, SHARES, strict=True)
    ]
    return plain_table(Caption("Models under other choices", "Text of the caption."), pd.DataFrame(lines))


def _subgroups() -> Table:
    lines = [
        {"Subgroup": "SOFA score", "level": "", "HR": "", "p": "0.30"},
        {"Subgroup": "", "level": "from 9", "HR": "0.95", "p": "0.70"},
        {"Subgroup": "", "level": "below 9", "HR": "0.60", "p": "0.04"},
        {"Subgroup": "Age", "level": "", "HR": "", "p": "< 0.001"},
        {"Subgroup": "", "level": "from 65", "HR": "1.10", "p": "0.60"},
        {"Subgroup": "", "level": "below 65", "HR": "0.70", "p": "0.02"},
    ]
    return plain_table(Caption("Subgroups", "Text of the caption."), pd.DataFrame(lines))


def _definitions() -> Table:
    lines = [{"Variable": f"variable_{at}", "Value": "periwinkle" if at == 77 else str(at)} for at in range(90)]
    return plain_table(Caption("Definitions in force", "Text of the caption."), pd.DataFrame(lines))


def made_page(stamp: str = STAMP, first: bool = True) -> str:
    shown = First(QUESTION, ANSWER, NUMBERS, made_picture("first", "By two designs", (LEFT, RIGHT), False), "", MARKS)
    columns = [f"Column {at}" for at in range(14)]
    wide = pd.DataFrame([dict.fromkeys(columns, "123.45 (67.8)") for _ in range(3)])
    parts = [
        Part("flow", "Cohort", ["Text of the part: vermilion."], [made_picture("flow", "The flow")], [_subgroups()]),
        Part("empty", "Nothing in it"),
        Part(
            "robustness", "Robustness", ["Every choice."], (), [_robustness(), plain_table(Caption("Wide", ""), wide)]
        ),
        Part("definitions", "Definitions", (), (), [_definitions()]),
        Part("undrawn", "Not drawn", undrawn=["No curves: each group has fewer than 10 patients."]),
    ]
    beside = {"results.csv": "every number in long form"}
    return render_report(
        "Dexmedetomidine and death in sepsis-induced coagulopathy",
        *(shown if first else None, [LEAD], ["A remark."], parts, SIGNS, stamp, beside),
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page made by hand."""
    return _written(tmp_path_factory.mktemp("page") / "report.html", made_page())


@pytest.fixture(scope="session")
def plain_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same of real patients, without a first screen: as the external cohort alone has it."""
    return _written(tmp_path_factory.mktemp("plain") / "report.html", made_page("", first=False))


def _written(path: Path, page: str) -> str:
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    pages = []

    def open_page(address: str, width: int = 1200, height: int = 800, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        pages.append(context)
        page = context.new_page()
        page.goto(address)
        return page

    yield open_page
    for context in pages:
        context.close()
