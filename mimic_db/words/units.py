"""What the seeds make of a unit: of rates and amounts of infusions, of charted values and laboratory results."""

from mimic_db.words.seeds import Row, plain, seed


def rate_unit(spelling: str | None) -> Row | None:
    """The seed's row of a spelling."""
    return next((row for row in seed("rate_unit") if plain(row["spelling"]) == plain(spelling)), None)


def can_be_made(spelling: str | None, wanted: str) -> bool:
    """Whether a rate in that unit can be given in the wanted one; the weight is the row's."""
    charted, target = rate_unit(spelling), rate_unit(wanted)
    if charted is None or target is None:
        return plain(spelling) == plain(wanted)
    return charted["measure"] == target["measure"]


def amount_follows(amount_unit: str | None, usual_rate_unit: str) -> bool:
    """Whether a rate in the drug's usual unit follows from an amount in that unit."""
    usual = rate_unit(usual_rate_unit)
    return usual is not None and any(
        plain(row["amount_unit"]) == plain(amount_unit) and row["measure"] == usual["measure"]
        for row in seed("infusion_amount")
    )


def is_read(unit: str | None, known: str) -> bool:
    """Whether a value in that unit is read as it stands: one of `known` (with | between them), or none at all."""
    return not plain(unit) or not known or plain(unit) in (plain(each) for each in known.split("|"))
