"""The first screen as a reader meets it, wide and narrow; curves that are read by pointing, tapping and keys."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from analysis_py.report.first import Mark
from tests.browser.conftest import ANSWER, LEAD, LEFT, MARKS, NUMBERS, QUESTION, WITH, Open

pytestmark = pytest.mark.needs_chromium

PANES = "#first .pane"
READING = "#first .reading"


def ends(page: Page, selector: str) -> float:
    """How far down the lowest of these lies, in pixels of the page."""
    return float(
        page.eval_on_selector_all(
            selector, "all => Math.max(...all.map(one => one.getBoundingClientRect().bottom + scrollY))"
        )
    )


def test_all_of_it_is_on_a_wide_screen_and_question_answer_and_numbers_on_a_phone(opened: Open, address: str) -> None:
    wide = opened(address, 1200, 800)
    assert ends(wide, "#first, #first *:not(.unseen)") <= 800
    narrow = opened(address, 390, 844)
    assert ends(narrow, ".question, .answer, .numbers") <= 844
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
    # three numbers side by side where there is room
    tops = wide.eval_on_selector_all(".numbers > div", "all => all.map(one => one.getBoundingClientRect().top)")
    assert len(tops) == 3 and len(set(tops)) == 1


@pytest.mark.parametrize(
    ("width", "height"), [(1200, 800), (1200, 700), (1920, 1200), (1100, 1000), (1000, 800), (390, 844)]
)
def test_the_picture_takes_what_room_is_left_and_keeps_its_shape(
    opened: Open, address: str, width: int, height: int
) -> None:
    page = opened(address, width, height)
    plot, img = (page.locator(f"#first {one}").bounding_box() for one in (".plot", "img"))
    assert plot is not None and img is not None
    # what is laid over the figure lies where the figure is
    assert {name: round(size) for name, size in plot.items()} == {name: round(size) for name, size in img.items()}
    assert img["width"] / img["height"] == pytest.approx(500 / 310, rel=0.01)
    assert img["x"] + img["width"] <= width and img["width"] > 300
    if width >= 1100:
        assert ends(page, "#first") <= height


@pytest.mark.parametrize("width", [1200, 390])
def test_it_says_what_it_is_given(opened: Open, address: str, width: int) -> None:
    page = opened(address, width)
    shown = page.locator("#first").inner_text()
    for text in (QUESTION, ANSWER, *(text for one in NUMBERS for text in (one.label, one.value, one.note))):
        assert text in shown


def told(mark: Mark) -> str:
    return f"{mark.title}: {mark.value or mark.word}; asked: {mark.limit}"


def shown_below(page: Page) -> list[str]:
    """What lies on top in the line below the marks: pointed at, where it is."""
    found: list[str] = page.locator(".marks p").evaluate_all(
        """all => all.filter(one => {
            const box = one.getBoundingClientRect();
            if (!one.checkVisibility({contentVisibilityAuto: true}) || !box.height) return false;
            return one.contains(document.elementFromPoint(box.left + 12, box.top + 8));
        }).map(one => one.innerText)"""
    )
    return found


@pytest.mark.parametrize("width", [1200, 390])
def test_each_check_has_a_sign_a_word_and_its_number_by_pointing_by_keys_and_by_tapping(
    opened: Open, address: str, width: int
) -> None:
    page = opened(address, width, has_touch=width < 600)
    checks = page.locator(".marks li")
    assert checks.count() == len(MARKS)
    page.locator(".marks").scroll_into_view_if_needed()
    failing = next(mark for mark in MARKS if mark.word == "fails")
    assert shown_below(page) == [told(failing)]  # unasked
    for at, mark in enumerate(MARKS):
        summary = checks.nth(at).locator("summary")
        assert summary.inner_text().split("\n")[0].startswith(f"{mark.sign} {mark.title}")
        # a screen reader hears the word, not the sign
        heard = " ".join(checks.nth(at).aria_snapshot().split())
        assert (
            f"{mark.title}: {mark.word}".replace(" ", "") in heard.replace(" ", "")
            and f"{mark.sign} {mark.title}" not in heard
        )
        if width < 600:
            if not checks.nth(at).locator("details").evaluate("one => one.open"):
                summary.tap()
        else:
            summary.hover()
        assert shown_below(page) == [told(mark)]
    page.mouse.move(0, 0)
    checks.nth(0).locator("summary").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert shown_below(page) == [told(MARKS[0])]
    page.keyboard.press("Enter")
    assert shown_below(page) == [told(MARKS[0])]


def test_the_headline_sentences_are_folded_behind_it(opened: Open, address: str, plain_address: str) -> None:
    page = opened(address)
    assert not page.locator("p.lead").is_visible()
    page.locator("#words summary").click()
    assert page.locator("p.lead").inner_text() == LEAD
    # without a first screen they stand at the top
    plain = opened(plain_address)
    assert plain.locator("p.lead").is_visible() and plain.locator("#first").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_it_is_accessible_folded_and_unfolded(opened: Open, address: str, width: int, scheme: str) -> None:
    page = opened(address, width, color_scheme=scheme)
    for folded in (True, False):
        if not folded:
            page.get_by_role("button", name="Unfold all").click()
        found = Axe().run(page, options={"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": True}}})
        assert found.violations_count == 0, found.generate_report()


def test_pointing_at_a_curve_reads_its_value_and_interval(opened: Open, address: str) -> None:
    page = opened(address)
    box = page.locator(PANES).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 14.2 / 28, box["y"] + 20)
    assert page.locator(READING).inner_text() == (
        "Days after ICU admission: 14; With: 12.5 (11.0 to 14.0); Without: 11.0"
    )
    # a line over the figure, and a dot on each curve at the height of its value
    line = page.locator(f"{PANES} .at").bounding_box()
    assert line is not None and abs(line["x"] - box["x"] - box["width"] / 2) < 2
    assert page.locator(f"{PANES} .dot").count() == len(LEFT.curves)
    dot = page.locator(f"{PANES} .dot").first.bounding_box()
    assert dot is not None
    assert abs(dot["y"] + dot["height"] / 2 - (box["y"] + box["height"] * (1 - WITH.y[2] / 30))) < 2
    # before a step the curve is where it was
    page.mouse.move(box["x"] + box["width"] * 6 / 28, box["y"] + 20)
    assert "With: 0.00 (0.00 to 0.00)" in page.locator(READING).inner_text()


def test_the_keys_move_the_reading_and_a_live_region_says_it(opened: Open, address: str) -> None:
    page = opened(address)
    pane = page.locator(PANES).nth(1)
    pane.focus()
    for key, day, value in (
        ("End", 28, "21.9"),
        ("ArrowLeft", 27, "11.0"),
        ("PageDown", 20, "11.0"),
        ("Home", 0, "0.00"),
    ):
        page.keyboard.press(key)
        assert page.locator(READING).inner_text() == f"Days after time zero: {day}; Without: {value}"
        assert pane.get_attribute("aria-valuenow") == str(day)
    page.keyboard.press("ArrowLeft")  # not beyond the axis
    assert pane.get_attribute("aria-valuenow") == "0"
    assert page.locator(READING).get_attribute("aria-live") == "polite"


def test_tapping_reads_too(opened: Open, address: str) -> None:
    page = opened(address, 390, 844, has_touch=True)
    pane = page.locator(PANES).first
    pane.scroll_into_view_if_needed()
    box = pane.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "Days after ICU admission: 14" in page.locator(READING).inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_overlay_is_not_turned_over_with_the_figure(opened: Open, address: str, scheme: str) -> None:
    page = opened(address, color_scheme=scheme)
    page.locator(PANES).first.hover()
    filters = page.locator(f"{PANES} .at").evaluate(
        """one => {
            const all = [];
            for (let at = one; at; at = at.parentElement) all.push(getComputedStyle(at).filter);
            return all;
        }"""
    )
    assert set(filters) == {"none"}
    assert ("invert" in page.locator("#first img").evaluate("one => getComputedStyle(one).filter")) == (
        scheme == "dark"
    )
