"""The report's table of faulty source rows."""

from analysis_py.marts.quality import QualityCheck
from analysis_py.report.tables.quality import faults_table, quality_table


def check(name: str, rows: int, affected: int, warn: float = 1, error: float = 5) -> QualityCheck:
    return QualityCheck(name, "labevents", "inr", rows, affected, warn, error, "left out", "what it means", False)


CHECKS = (
    check("nothing_found", 1000, 0),
    check("few", 1000, 3),
    check("more_than_usual", 1000, 20),
    check("too_many", 1000, 51),
    check("most_of_the_rest", 1000, 10),
    check("no_rows", 0, 0),
    check("few_rows", 8, 2, warn=0),
)


def test_what_exceeds_a_limit_stands_first_and_is_named_in_words() -> None:
    table = quality_table(CHECKS, 0)
    assert table["Check"].tolist()[:3] == ["few rows", "too many", "more than usual"]
    assert table["Above"].tolist()[:4] == ["✕ error", "✕ error", "▲ warning", ""]
    assert table.loc[table["Check"] == "most of the rest", ["Share", "Above"]].values.tolist() == [["1 %", ""]]
    assert table.loc[table["Check"] == "no rows", "Share"].tolist() == ["0 %"]


def test_small_counts_are_hidden_and_their_share_with_them() -> None:
    table = quality_table(CHECKS, 10).set_index("Check")
    assert table.loc["few", ["Rows", "Affected", "Share"]].tolist() == ["1,000", "<10", "<1 %"]
    assert table.loc["few rows", ["Rows", "Affected", "Share"]].tolist() == ["<10", "<10", ""]
    assert table.loc["nothing found", ["Affected", "Share"]].tolist() == ["0", "0 %"]
    assert table.loc["most of the rest", ["Affected", "Share"]].tolist() == ["10", "1 %"]


def test_the_page_has_a_line_per_check_with_its_worst_item() -> None:
    checks = (*CHECKS, QualityCheck("few", "labevents", "pt", 100, 30, 1, 50, "left out", "what it means", False))
    table = faults_table(checks, 0).set_index("Check")
    assert "nothing found" not in table.index
    assert table.loc["few", ["Affected", "Rows", "Share", "Worst", "Above"]].tolist() == [
        "33", "1,100", "3 %", "pt 30 %", "▲ warning",
    ]  # fmt: skip
    assert table.loc["few", "What it means"] == "what it means. Here: left out."


def test_the_words_of_a_vocabulary_are_not_added_up() -> None:
    words = [
        QualityCheck("mode unknown", "chartevents", word, 1000, count, 1, 100, "not read", "no ventilation", True)
        for word, count in (("SPONT", 30), ("OTHER", 10))
    ]
    table = faults_table(words, 0).set_index("Check")
    assert table.loc["mode unknown", ["Affected", "Rows", "Share"]].tolist() == ["40", "1,000", "4 %"]
