"""Tables that sort by their headings within their sections, and long ones that are searched."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.browser.conftest import CHOICES

pytestmark = pytest.mark.needs_chromium

SECTIONS = ["Before matching", "After matching", "As the trial"]


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    opened = context.new_page()
    opened.goto(address)
    opened.get_by_role("button", name="Unfold all").click()
    yield opened
    context.close()


def lines(table: Locator) -> list[list[str]]:
    """The cells of the lines that are shown."""
    found: list[list[str]] = table.locator("tbody tr").evaluate_all(
        """all => all.filter(row => row.checkVisibility())
                     .map(row => [...row.cells].map(cell => cell.textContent.trim()))"""
    )
    return found


def robustness(page: Page) -> Locator:
    return page.locator("#robustness table").first


def sorted_by(page: Page, table: Locator, heading: str, clicks: int = 1) -> list[list[str]]:
    for _ in range(clicks):
        table.get_by_role("button", name=heading, exact=True).click()
    return lines(table)


@pytest.mark.parametrize(
    ("heading", "ascending", "unknown"),
    [
        # numbers as numbers; what is not known is last, either way
        ("n", ["98", "1,234", "12,345"], ["hidden", "n/e"]),
        ("Change", ["-4.1 %", "0 %", "+5.0 %", "12.3 %"], [""]),
        (
            "HR (95 % CI)",
            ["<0.01 (<0.01–0.30)", "0.83 (0.61–1.12)", "0.9 (0.2–4.0)", "1.40 (1.10–1.78) ✗differs"],
            ["not estimable: no pairs"],
        ),
        ("Choice", sorted(CHOICES, key=str.lower), []),
    ],
)
def test_lines_are_sorted_within_their_sections(
    page: Page, heading: str, ascending: list[str], unknown: list[str]
) -> None:
    table = robustness(page)
    before = lines(table)
    at = ["Choice", "HR (95 % CI)", "n", "Change"].index(heading)
    for wanted in ([*ascending, *unknown], [*reversed(ascending), *unknown]):
        found = sorted_by(page, table, heading)
        assert [line[0] for line in found if len(line) == 1] == SECTIONS
        for start in (0, 6, 12):
            assert len(found[start]) == 1
            assert [line[at] for line in found[start + 1 : start + 6]] == wanted
    # a third time: as it was
    assert sorted_by(page, table, heading) == before


def test_the_heading_says_how_it_is_sorted(page: Page) -> None:
    table = robustness(page)
    heading = table.get_by_role("columnheader", name="n", exact=True)
    told = []
    for _ in range(3):
        table.get_by_role("button", name="n", exact=True).click()
        told.append(heading.get_attribute("aria-sort"))
    assert told == ["ascending", "descending", None]
    sorted_by(page, table, "n")
    sorted_by(page, table, "Choice")
    assert table.locator("[aria-sort]").count() == 1
    # by keys, too
    table.get_by_role("button", name="Change").focus()
    page.keyboard.press("Enter")
    assert table.get_by_role("columnheader", name="Change").get_attribute("aria-sort") == "ascending"


def test_lines_below_another_stay_with_it(page: Page) -> None:
    table = page.locator("#flow table")
    by_p = [line[0] for line in sorted_by(page, table, "p")]
    assert by_p == ["Age", "below 65", "from 65", "SOFA score", "below 9", "from 9"]
    assert [line[0] for line in sorted_by(page, table, "Subgroup")][::3] == ["Age", "SOFA score"]


def test_a_long_table_is_searched_and_says_how_much_is_left(page: Page) -> None:
    table, place = robustness(page), page.locator("#robustness details.long")
    search, told = place.get_by_role("searchbox"), place.locator("[aria-live]")
    search.fill("caliper")
    assert lines(table) == [line for name in SECTIONS for line in ([name], lines_of_caliper())]
    assert told.inner_text() == "3 of 15 lines"
    search.fill("after caliper")  # a line is found by its section's words, too
    assert [line[0] for line in lines(table)] == ["After matching", CHOICES[1]]
    search.fill("no such thing")
    assert lines(table) == [] and told.inner_text() == "0 of 15 lines"
    search.fill("")
    assert len(lines(table)) == 18 and told.inner_text() == ""
    # a short one is not
    assert page.locator("#flow input").count() == 0


def lines_of_caliper() -> list[str]:
    return [CHOICES[1], "not estimable: no pairs", "hidden", ""]
