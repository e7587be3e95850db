"""The short version of the campaign that `make torture` runs: faults and hostile input, none of which ends badly."""

import importlib

import pytest

from torture.campaign import BAD, is_clean, workshop

# campaign -> how many trials its short version has at least
SHORT = {"torture.faults": 11, "torture.rows": 70}  # torture.files: mimic_db/test_hostile_files.py


@pytest.mark.needs_an_hour
@pytest.mark.parametrize("campaign", SHORT)
def test_no_fault_ends_in_a_wrong_result_a_loss_or_an_unclear_message(campaign: str) -> None:
    with workshop() as shop:
        trials = list(importlib.import_module(campaign).trials(shop, False, 1))
    bad = [trial for trial in trials if trial.outcome in BAD]
    assert is_clean(trials), "\n".join(f"{trial.outcome}: {trial.kind}: {trial.name}: {trial.detail}" for trial in bad)
    assert len(trials) >= SHORT[campaign]
