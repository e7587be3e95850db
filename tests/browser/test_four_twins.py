"""The first screen on four twins, as a reader meets it: none, an effect, an unmeasured cause, too few patients."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from analysis_py.study.gate.checks import CHECKS
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.variables import DEATH_28D
from mimic_db import server
from tests.conftest import CHROMIUM

pytestmark = [pytest.mark.needs_chromium, pytest.mark.needs_an_hour]

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Twin:
    """What is planted, what the first screen answers, what is said in words behind it, and which checks fail."""

    name: str
    stays: int
    planted: tuple[str, ...]
    answer: tuple[str, ...]
    said: tuple[str, ...]
    failed: tuple[str, ...] = ()


TWINS = (
    Twin(
        "no_effect",
        4000,
        ("--hazard-ratio", "1"),
        ("The trial finds no effect", "may be read as the absence of a larger effect"),
        ("the trial finds no effect", "although the published design", "may be read as the absence of a hazard ratio"),
    ),
    Twin(
        "effect",
        4000,
        ("--hazard-ratio", "0.5"),
        ("The trial finds fewer deaths", "and it may be read as an effect of the drug"),
        ("the trial finds fewer deaths", "may be read as an effect"),
    ),
    Twin(
        "unmeasured_cause",
        3000,
        ("--hazard-ratio", "1", "--unmeasured-cause", "1.5"),
        ("which may not be read as", "systematic error"),
        ("which may not be read as", "the negative controls show systematic error (EASE"),
        ("EASE",),
    ),
    Twin(
        "small",
        300,
        ("--hazard-ratio", "0.7"),
        ("which may not be read as", "too few patients"),
        ("which may not be read as", "too few patients and events", "What would mend it: more patients"),
        ("balance", "weights"),
    ),
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1200, "height": 1000})
        browser.close()


@pytest.mark.parametrize("twin", TWINS, ids=[twin.name for twin in TWINS])
def test_the_first_sentence_says_what_may_be_believed(
    twin: Twin, embedded_server: Path, page: Page, tmp_path: Path
) -> None:
    generated = ("twin", "generate", "--design", "trial", "--stays", str(twin.stays), "--seed", "5")
    _run(*generated, "--database", twin.name, *twin.planted)
    output = tmp_path / "output"
    _run("study", "--dsn", server.url(twin.name), "--output", str(output), "--quiet")
    page.goto((output / "report.html").as_uri())
    top = " ".join(page.locator("p.lead").all_text_contents()[:3])
    for words in twin.said:
        assert words in top, top
    rows = pd.read_csv(output / "results.csv", keep_default_na=False)
    checks = rows[(rows["analysis"] == "diagnostics") & (rows["outcome"] == DEATH_28D) & (rows["model"] == PRIMARY)]
    assert set(checks["term"]) == set(CHECKS)
    assert set(checks.loc[checks["level"] == "fail", "term"]) == set(twin.failed)
    answer = page.locator(".answer").inner_text()
    for words in twin.answer:
        assert words in answer, answer
    marks = page.locator(".marks li").all_inner_texts()
    assert sum("✗" in mark for mark in marks) == len(twin.failed)
    for width, height in ((1200, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=tmp_path / f"{twin.name}_{width}.png")  # to be looked at
        box = page.locator(".numbers").bounding_box()
        assert box is not None and box["y"] + box["height"] <= height
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert Axe().run(page).violations_count == 0
    page.set_viewport_size({"width": 1200, "height": 1000})


def _run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
