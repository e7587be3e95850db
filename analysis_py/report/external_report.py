"""What a run leaves behind about the external cohort: rows, tables, figures and the section of the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis_py.marts.build_record import DEXMEDETOMIDINE
from analysis_py.marts.generated import PATIENTS, WATERMARK, marked, warning
from analysis_py.marts.types import Variable
from analysis_py.report.captions.figures import curves_left_out
from analysis_py.report.figures.effects import forest
from analysis_py.report.figures.empty import has_estimate
from analysis_py.report.figures.style import SINGLE, house_style, new_figure, save, watermark
from analysis_py.report.figures.survival import survival_curves
from analysis_py.report.page import Caption, Part, Picture, Table, picture, plain_table
from analysis_py.report.pictures import curve_note, curves_to_draw
from analysis_py.report.published import RULE, published_and_ours
from analysis_py.report.tables.cells import (
    COHORT_TITLES,
    FEW_WARNING,
    deaths_of,
    per_coefficient,
    told_ratio,
)
from analysis_py.report.tables.cohort import flow_table
from analysis_py.report.tables.comparison import LEGEND, our_cell
from analysis_py.report.tables.forest import forest_line, forest_row, published_ratios
from analysis_py.report.tables.made import write_table
from analysis_py.study.analyses.describe import GROUP_NAMES, format_p, pretty_table
from analysis_py.study.external import NAME, PLACE, Validation
from analysis_py.study.results import Row, as_frame, find
from analysis_py.study.study import groups
from analysis_py.study.suppression import HIDDEN, hide_flow, is_small, suppress, suppress_flow
from analysis_py.study.variables import (
    DEATH_28D,
    DEATH_ANYWHERE,
    EXTERNAL_MODELS,
    EXTERNAL_OUTCOMES,
    EXTERNAL_TABLE_ONE,
    groups_of,
)

PUBLISHED_SIZE = 234  # patients of section 3.6
_LABELS = {variable.name: variable.label.lower() for variable in EXTERNAL_TABLE_ONE} | {"is_female": "sex"}
_CELLS = (
    "Cells: median [lower, upper quartile] or n (%). SMD: standardized mean difference. p: Mann-Whitney test for "
    "numbers, chi-square test (2x2 with continuity correction) for shares. Drugs were "
    "ordered, which is not the same as given."
)


def model_title(model: str) -> str:
    """`Unadjusted`, or `Adjusted for age, ...`."""
    names = [_LABELS[name] for name in EXTERNAL_MODELS[model]]
    return f"Adjusted for {', '.join(names[:-1])} and {names[-1]}" if names else "Unadjusted"


def model_word(model: str) -> str:
    """`Unadjusted` or `Adjusted`."""
    return model_title(model).partition(" ")[0]


@dataclass(frozen=True)
class ExternalResults:
    """`rows` as written, small counts hidden; `frame` the same as columns of results.csv; `part` of the page.

    `headline` says what was found in three sentences.
    """

    rows: list[Row]
    frame: pd.DataFrame
    part: Part
    headline: list[str]


def write_external(folder: Path, validation: Validation, below: int, beside: Sequence[Row]) -> ExternalResults:
    """Write tables and figures into the folders tables/ and figures/; `beside` are rows of the main study, if any."""
    flow = suppress_flow(validation.marts.flow, below)
    rows = hide_flow(suppress(validation.rows, below), flow, NAME)
    page = _Page(folder, validation, rows, flow, below, beside)
    frame = as_frame(rows)
    shown = marked(frame) if validation.marts.generated else frame
    return ExternalResults(rows, shown, page.part(), page.headline())


class _Page:
    def __init__(
        self,
        folder: Path,
        validation: Validation,
        rows: list[Row],
        flow: pd.DataFrame,
        below: int,
        beside: Sequence[Row],
    ) -> None:
        self.folder, self.validation, self.rows, self.flow = folder, validation, rows, flow
        self.below, self.beside = below, beside
        self.data, self.generated = validation.marts.cohort, validation.marts.generated
        self.drug = validation.build.drug
        self.groups = groups_of(self.drug)
        counts = groups(self.data)
        self.is_small = any(is_small(count, below) for count in counts.values())
        self.sizes = {
            name: HIDDEN if self.is_small else f"{counts[treated]:,}" for treated, name in GROUP_NAMES.items()
        }

    def part(self) -> Part:
        """The section: who they are, curves, effects beside the paper's, and what both cohorts say."""
        shown = [
            self._table(
                "flow", "Steps of the external cohort", "Patients before and after each rule.", flow_table(self.flow)
            ),
            self._table(
                "baseline",
                "Characteristics of the external cohort",
                f"{self.who()} {_CELLS} SOFA of coagulation, liver, circulation and kidney alone.",
                self._characteristics("table_one", self.validation.variables, "balance"),
            ),
            self._table(
                "models",
                f"{self.drug.capitalize()} and 28-day death in the external cohort",
                f"{self.who()} Hazard ratio (HR) by Cox regression, log-rank test, and what the paper found. "
                f"p for proportional hazards: a small one speaks against a constant ratio.{self._legend()}",
                self._models(),
            ),
            self._table(
                "outcomes",
                "Outcomes of the external cohort",
                f"{self.who()} {_CELLS}",
                self._characteristics("outcomes", EXTERNAL_OUTCOMES, "outcomes").drop(columns="Missing, n (%)"),
            ),
        ]
        curves, ratios = self._survival(), self._forest()
        undrawn = [] if curves else [f"No curves: each group has fewer than {self.below} patients or deaths."]
        undrawn += [] if ratios else ["No figure of the models: there is no hazard ratio to draw."]
        drawn = [figure for figure in (curves, ratios) if figure is not None]
        return Part("external", f"External cohort ({PLACE})", self._text(), drawn, shown, undrawn)

    def headline(self) -> list[str]:
        """What was asked, in whom, and what was found."""
        asked = f"Do infected patients of another hospital die less often within 28 days when given {self.drug}?"
        main = find(self.rows, "outcome_models", NAME, model="adjusted")
        if main is None or main.estimate is None:
            reason = main.note.removeprefix("not estimable: ") if main is not None else "no model"
            return [asked, self.who(), f"The effect cannot be estimated: {reason}."]
        return [asked, self.who(), f"The adjusted hazard ratio is {told_ratio(main)}."]

    def who(self) -> str:
        """The cohort with its size."""
        total = len(self.data)
        size = f"n < {self.below}" if is_small(total, self.below) else f"n = {total:,}"
        sizes = f"{self.sizes['control']} without and {self.sizes['treated']} with {self.drug}"
        people = PATIENTS if self.generated else "patients"
        told = f"group sizes {HIDDEN}" if self.is_small else sizes
        return f"Infected {people} of {PLACE} with sepsis-induced coagulopathy ({size}: {told})."

    def _text(self) -> list[str]:
        lines = [warning(self.generated)] if self.generated and self.beside else []  # alone, the page says so
        lines.append(
            "The effect again in infected ICU patients of one hospital in China (sections 2.6 and 3.6 of the paper): "
            f"death from any place within 28 days, {self.drug} ordered at any time after ICU admission, no matching. "
            "Those who are ordered it late have lived until then, which makes the ratio look better than it is."
        )
        if self.drug == DEXMEDETOMIDINE:
            lines.append(f"The paper studied {PUBLISHED_SIZE} patients. {RULE}")
        return lines

    def _legend(self) -> str:
        few = any(row.is_few for row in self.rows)
        marked = f" {FEW_WARNING}." if few else ""
        return (f" {LEGEND}." if self.drug == DEXMEDETOMIDINE else "") + marked

    # --- tables -----------------------------------------------------------------------------------------------------

    def _table(self, name: str, title: str, text: str, frame: pd.DataFrame) -> Table:
        file = write_table(frame, self.folder / "tables" / f"{NAME}_{name}.csv", self.generated)
        return plain_table(Caption(title, text), frame, [file])

    def _characteristics(self, analysis: str, variables: Sequence[Variable], tests_of: str) -> pd.DataFrame:
        frame = pretty_table(self.rows, variables, analysis, [NAME], tests_of)
        headings = {"variable": "Variable", "missing": "Missing, n (%)", f"{NAME} SMD": "SMD", f"{NAME} p": "p"}
        for treated, group in GROUP_NAMES.items():
            size = "" if self.is_small else f", n = {self.sizes[group]}"
            headings[f"{NAME} {group}"] = f"{self.groups[treated]}{size}"
        return frame.rename(columns=headings)

    def _models(self) -> pd.DataFrame:
        comparison = published_and_ours(self.rows, [NAME])
        is_compared = self.drug == DEXMEDETOMIDINE
        lines = []
        for model in EXTERNAL_MODELS:
            ours = find(self.rows, "outcome_models", NAME, model=model)
            test = find(self.rows, "proportional_hazards", NAME, model=model)
            line = {"Model": model_title(model), "Deaths / n": deaths_of(ours)}
            line |= self._beside(comparison[(comparison["model"] == model)], is_compared, ours)
            line["Events per coefficient"] = "" if ours is None else per_coefficient(ours)
            line["p for proportional hazards"] = "" if test is None or test.p_value is None else format_p(test.p_value)
            lines.append(line)
        test = find(self.rows, "log_rank", NAME)
        published = comparison[(comparison["model"] == "") & (comparison["statistic"] == "p")]
        line = {"Model": "Log-rank test, p", "Deaths / n": ""}
        line |= self._beside(published, is_compared, test)
        lines.append(line | {"Events per coefficient": "", "p for proportional hazards": ""})
        return pd.DataFrame(lines)

    def _beside(self, published: pd.DataFrame, is_compared: bool, ours: Row | None) -> dict[str, str]:
        title = "28-day death, HR (95 % CI, p)"
        if is_compared and len(published):
            line = published.iloc[0]
            return {title: our_cell(line), "Published": str(line["printed"])}
        if ours is None:
            return {title: "n/e", "Published": ""}
        if ours.analysis == "log_rank":
            return {title: "n/e" if ours.p_value is None else format_p(ours.p_value), "Published": ""}
        return {title: told_ratio(ours), "Published": ""}

    # --- figures ----------------------------------------------------------------------------------------------------

    def _survival(self) -> Picture | None:
        curves = curves_to_draw(self.data, self.below, DEATH_ANYWHERE)
        if curves.empty:
            return None
        with house_style():
            figure, (axis,) = new_figure(SINGLE, 3.0)
            note = curve_note(self.rows, NAME)
            survival_curves(axis, curves, self.groups, PLACE, note, self.below)
        text = (
            f"{self.who()} Kaplan-Meier curves of death from any place within 28 days of ICU admission, 95 % "
            f"confidence band, number at risk; HR: unadjusted hazard ratio (95 % CI).{curves_left_out(self.below)}"
        )
        told = []
        for treated, group in GROUP_NAMES.items():
            row = find(self.rows, "kaplan_meier", f"{NAME} {group}")
            known = row is not None and row.estimate is not None and not isinstance(row.events, str)
            share = f"{100 * (row.estimate or 0):.1f} %" if row is not None and known else "not shown"
            told.append(f"{self.groups[treated].lower()}: {share}")
        alternative = f"Survival curves. Alive at day 28: {'; '.join(told)}."
        return self._kept(
            "kaplan_meier", figure, Caption("Survival to day 28 in the external cohort", text), alternative
        )

    def _forest(self) -> Picture | None:
        lines = pd.DataFrame(self._lines())
        if not has_estimate(lines):
            return None
        with house_style():
            figure = forest(lines, "Hazard ratio", self.drug)
        text = (
            "Hazard ratio of death within 28 days of ICU admission with 95 % confidence interval: in hospital in "
            f"MIMIC-IV, from any place in {PLACE}; ours, and as published."
        )
        told = [f"{line['label']}: {line['right']}" for line in self._lines() if not line["heading"]]
        alternative = f"Forest plot of hazard ratios. {'; '.join(told)}."
        title = f"{self.drug.capitalize()} and 28-day death in both cohorts"
        return self._kept("forest", figure, Caption(title, text), alternative)

    def _lines(self) -> list[dict[str, object]]:
        lines: list[dict[str, object]] = []
        for cohort, title in COHORT_TITLES.items():
            found = [
                find(self.beside, "outcome_models", cohort, model=f"model {at}", outcome=DEATH_28D) for at in (1, 3)
            ]
            known = [row for row in found if row is not None]
            if known:
                lines.append(forest_line("", f"MIMIC-IV, {title.lower()}", None, "", "", True))
                lines += [forest_row(row, row.model.capitalize()) for row in known]
        lines.append(forest_line("", PLACE, None, "", "", True))
        for model in EXTERNAL_MODELS:
            row = find(self.rows, "outcome_models", NAME, model=model)
            if row is not None:
                lines.append(forest_row(row, model_word(model)))
        if self.drug == DEXMEDETOMIDINE:
            lines.append(forest_line("", "Published", None, "", "", True))
            lines += [forest_row(row, label) for label, row in published_ratios(EXTERNAL_PUBLISHED)]
        return lines

    def _kept(self, name: str, figure: Figure, caption: Caption, alternative: str) -> Picture:
        if self.generated:
            watermark(figure, WATERMARK)
        with house_style():
            files = save(figure, self.folder / "figures" / f"{NAME}_{name}")
        return picture(caption, alternative, files, figure.get_figwidth() > SINGLE)


# what the forest plot shows of the paper: place in seeds/published_results.csv, and its label
EXTERNAL_PUBLISHED = (
    ("Table 2", "matched", "model 1", "MIMIC-IV, after matching, model 1"),
    ("Table 2", "matched", "model 3", "MIMIC-IV, after matching, model 3"),
    ("Section 3.6", NAME, "model 1", f"{PLACE}, unadjusted"),
    ("Section 3.6", NAME, "adjusted", f"{PLACE}, adjusted"),
)
