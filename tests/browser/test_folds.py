"""What is folded: found by links, by searching and on paper; nothing of it needs the script."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import LEAD, Open
from tests.browser.pdf import words_of

pytestmark = pytest.mark.needs_chromium

TEXT, DEEP = "Text of the part: vermilion.", "periwinkle"


def is_open(page: Page, anchor: str) -> bool:
    return bool(page.locator(f"#{anchor} > details").evaluate("one => one.open"))


def lies_at_the_top(page: Page, anchor: str) -> bool:
    top, banner = page.evaluate(
        f"""() => [document.querySelector('#{anchor} h2').getBoundingClientRect().top,
                   document.querySelector('body > header').getBoundingClientRect().bottom]"""
    )
    last = page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight - 1")
    return bool(banner <= top < 800 and (top < 300 or last))


def test_the_page_is_short_until_it_is_unfolded(opened: Open, address: str) -> None:
    page = opened(address)
    height = "document.documentElement.scrollHeight"
    folded = page.evaluate(height)
    assert folded < 1600
    button = page.get_by_role("button", name="Unfold all")
    button.click()
    assert page.evaluate(height) > 2 * folded
    assert page.locator(f"text={DEEP}").is_visible() and page.get_by_text(TEXT).is_visible()
    page.get_by_role("button", name="Fold all").click()
    assert page.evaluate(height) == folded
    assert button.is_visible()


def test_parts_with_nothing_in_them_are_not_shown_nor_listed(opened: Open, address: str) -> None:
    page = opened(address)
    assert page.locator("#empty").count() == 0
    assert page.locator(".contents li").all_inner_texts() == [
        *("In short", "In words", "Cohort", "Robustness", "Definitions", "Not drawn"),
    ]
    page.locator("#undrawn summary").click()
    assert page.locator("#undrawn").inner_text().endswith("No curves: each group has fewer than 10 patients.")


@pytest.mark.parametrize("width", [1200, 390])
def test_a_link_opens_its_part_and_goes_there(opened: Open, address: str, width: int) -> None:
    page = opened(address, width)
    contents = page.locator(".toc")
    beside = contents.bounding_box()
    assert beside is not None
    if width < 1100:
        assert not page.get_by_role("link", name="Robustness").is_visible()
    else:  # at the side, and it stays there
        assert beside["x"] < 100 and page.get_by_role("link", name="Robustness").is_visible()
    for anchor, name in (("robustness", "Robustness"), ("flow", "Cohort"), ("flow", "Cohort")):
        page.locator(f"#{anchor} > details").evaluate("one => { one.open = false; }")
        if width < 1100:
            contents.locator("summary").click()
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_function(f"document.querySelector('#{anchor} > details').open")
        page.wait_for_timeout(100)
        assert lies_at_the_top(page, anchor)
        if width < 1100:
            assert not page.get_by_role("link", name=name, exact=True).is_visible()  # the menu has closed
    here = contents.bounding_box()
    assert here is not None and here["y"] < 200


def test_an_address_with_a_part_opens_it(opened: Open, address: str) -> None:
    page = opened(f"{address}#definitions")
    assert is_open(page, "definitions") and not is_open(page, "flow")
    assert lies_at_the_top(page, "definitions")


def test_searching_in_the_page_finds_what_is_folded(opened: Open, address: str) -> None:
    # a fragment of text in the address is searched as find-in-page searches, and opens what it is in
    page = opened(f"{address}#:~:text={DEEP}")
    page.wait_for_function("document.querySelector('#definitions > details').open")
    page.wait_for_timeout(200)
    assert page.locator(f"text={DEEP}").is_visible() and not is_open(page, "flow")


def test_long_tables_are_folded_of_their_own(opened: Open, address: str) -> None:
    page = opened(f"{address}#robustness")
    long = page.locator("#robustness details.long")
    assert long.locator("summary").inner_text() == "Models under other choices: 15 lines"
    assert not long.locator("table").is_visible()
    long.locator("summary").click()
    assert long.locator("table").is_visible()
    assert page.locator("#flow details.long").count() == 0
    # a table that is all of its part is not folded twice
    page.locator("#definitions > details > summary").click()
    assert page.locator("#definitions table").is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_paper_has_everything(opened: Open, address: str, script: bool) -> None:
    page = opened(address, java_script_enabled=script)
    if script:
        page.evaluate("location.hash = '#definitions'")
        page.locator("#definitions input").fill("nothing of the kind")
    words = words_of(page.pdf())
    for text in (TEXT, DEEP, LEAD.split(": ")[1], "not estimable: no pairs", "123.45 (67.8)", "at least 80 %"):
        assert text in words
    assert "Unfold all" not in words and "Search" not in words
    if script:  # and the screen is as it was
        assert not is_open(page, "flow")


def test_without_script_all_is_there_and_nothing_pretends_to_work(opened: Open, address: str) -> None:
    page = opened(address, java_script_enabled=False)
    assert page.locator("button, input, .pane, .reading").count() == 0
    assert page.get_by_role("link", name="Robustness").is_visible()
    page.locator("#flow > details > summary").click()
    assert page.get_by_text(TEXT).is_visible()


def test_what_is_wider_than_the_screen_shows_it_at_its_edge(opened: Open, address: str) -> None:
    page = opened(f"{address}#robustness", 390)
    wide = page.locator("#robustness .frame").last
    shade = "one => [getComputedStyle(one, '::before').opacity, getComputedStyle(one, '::after').opacity]"

    def edges(left: str, right: str) -> None:
        page.wait_for_function(
            f'one => JSON.stringify(({shade})(one)) === \'["{left}","{right}"]\'', arg=wide.element_handle()
        )

    edges("0", "1")
    wide.locator(".wide").evaluate("one => { one.scrollLeft = 50; }")
    edges("1", "1")
    wide.locator(".wide").evaluate("one => { one.scrollLeft = 1e6; }")
    edges("1", "0")
    # the flow, too
    page.evaluate("location.hash = '#flow'")
    page.wait_for_function("document.querySelector('#flow .frame').classList.contains('more-right')")
    # what fits has none
    fits = opened(f"{address}#flow").locator("#flow .frame").last
    assert fits.evaluate("one => one.className") == "frame"
