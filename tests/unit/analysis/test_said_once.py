"""What every line of a table says alike is said once; what differs stays with its line."""

from collections.abc import Sequence

import pandas as pd

from analysis_py.report.page import Caption, Part, Table, plain_table
from analysis_py.report.said_once import said_once

CONSTANT = "not estimable: treated is constant"
NOBODY = "nobody in the cohort was given dexmedetomidine"


def shortened(lines: Sequence[dict[str, str]], empty_arm: str = "") -> Table:
    part = Part("one", "One", tables=[plain_table(Caption("A table", ""), pd.DataFrame(lines))])
    (table,) = said_once(part, empty_arm).tables
    return table


def cells(table: Table) -> list[list[str] | str]:
    return [line.section or list(line.cells) for line in table.lines]


def test_a_table_without_an_estimate_is_one_sentence() -> None:
    lines = [
        {"section": section, "Choice": f"choice {at}", "Model": "model 1", "n": "", "HR": CONSTANT, "events": ""}
        for section in ("Before", "After")
        for at in range(4)
    ]
    table = shortened(lines)
    assert (table.said, cells(table)) == ("None of 8 lines can be estimated: treated is constant.", [])
    assert shortened(lines, NOBODY).said == f"None of 8 lines can be estimated: {NOBODY}."
    lines[0]["HR"] = "0.71 (0.53–0.95)"
    assert shortened(lines).said == ""
    assert len(cells(shortened(lines))) == 6  # the other section is a heading that says so


def test_a_few_reasons_are_listed_with_how_often_and_many_stay_with_their_lines() -> None:
    def of(reasons: int) -> Table:
        return shortened([{"Choice": str(at), "HR": f"not estimable: reason {at % reasons}"} for at in range(8)])

    assert of(2).said == "None of 8 lines can be estimated: reason 0 (4), reason 1 (4)."
    assert (of(4).said, len(cells(of(4)))) == ("", 8)


def test_columns_that_hold_numbers_stay() -> None:
    lines = [{"Variable": f"x{at}", "control": f"{at} (10.0)", "SMD": "n/e", "p": "n/e"} for at in range(3)]
    table = shortened(lines, NOBODY)
    assert table.said == f"SMD, p: none of 3 lines can be estimated: {NOBODY}."
    assert table.columns == ["Variable", "control"]
    assert cells(table) == [["x0", "0 (10.0)"], ["x1", "1 (10.0)"], ["x2", "2 (10.0)"]]
    lines[1]["SMD"] = "0.100"
    assert shortened(lines).columns == ["Variable", "control", "SMD"]


def test_a_column_of_which_another_has_the_name_is_named_with_its_heading() -> None:
    lines = [{"Variable": str(at), "Before: SMD": "0.1", "After: SMD": "n/e"} for at in range(2)]
    assert shortened(lines).said == "After: SMD: none of 2 lines can be estimated."


def test_a_section_without_an_estimate_is_its_heading() -> None:
    lines = [{"section": "Before", "Choice": "a", "HR": "0.71"}, {"section": "Before", "Choice": "b", "HR": "0.72"}]
    lines += [{"section": "After", "Choice": name, "HR": "not estimable: no pairs"} for name in "ab"]
    table = shortened(lines)
    assert cells(table) == [
        "Before",
        ["a", "0.71"],
        ["b", "0.72"],
        "After. None of 2 lines can be estimated: no pairs.",
    ]
    lines[3]["HR"] = "not estimable: no deaths"
    assert cells(shortened(lines))[3:] == ["After", ["a", "not estimable: no pairs"], ["b", "not estimable: no deaths"]]


def test_lines_that_were_never_to_be_estimated_and_single_ones_stay() -> None:
    words = [{"Check": name, "Passes": "–"} for name in "abc"]
    assert len(cells(shortened(words))) == 3
    assert len(cells(shortened([{"Choice": "a", "HR": CONSTANT}]))) == 1
