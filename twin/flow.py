"""The steps of a flow against the reasons planted, also where the study has a rule more or less than the twin knows."""

from collections.abc import Sequence
from difflib import SequenceMatcher

Counted = Sequence[tuple[str, int]]  # a step or a reason with the stays that it takes


def differing_steps(steps: Counted, planted: Counted) -> dict[str, int]:
    """Steps of the mart that are not as planted, by rule, and reasons for which there is no step, by themselves.

    Of as many steps as reasons each is held to its own. Else they are laid beside one another as far as they agree.
    """
    if len(steps) == len(planted):
        pairs = zip(steps, planted, strict=True)
        return {rule: 1 for (rule, found), (_, meant) in pairs if found != meant}
    found, meant = [count for _, count in steps], [count for _, count in planted]
    more = len(steps) - len(planted)
    differing: dict[str, int] = {f"rules {'more' if more > 0 else 'fewer'} than the twin knows:": abs(more)}
    for kind, from_step, to_step, from_reason, to_reason in SequenceMatcher(None, found, meant, False).get_opcodes():
        if kind != "equal":
            differing |= {rule: 1 for rule, _ in steps[from_step:to_step]}
            differing |= {f"no step for: {reason}": 1 for reason, _ in planted[from_reason:to_reason]}
    return differing
