"""The first sentence on four twins, as a reader meets it: none, an effect, an unmeasured cause, too few patients."""

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
    """What is planted, and what the page must and must not say of it at its top."""

    name: str
    stays: int
    planted: tuple[str, ...]
    said: tuple[str, ...]
    failed: tuple[str, ...] = ()


TWINS = (
    Twin(
        "no_effect",
        4000,
        ("--hazard-ratio", "1"),
        ("the trial finds no effect", "although the published design", "may be read as the absence of a hazard ratio"),
    ),
    Twin("effect", 4000, ("--hazard-ratio", "0.5"), ("the trial finds fewer deaths", "may be read as an effect")),
    Twin(
        "unmeasured_cause",
        3000,
        ("--hazard-ratio", "1", "--unmeasured-cause", "1.5"),
        ("which may not be read as", "the negative controls show systematic error (EASE"),
        ("EASE",),
    ),
    Twin(
        "small",
        300,
        ("--hazard-ratio", "0.7"),
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
    assert Axe().run(page).violations_count == 0


def _run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
