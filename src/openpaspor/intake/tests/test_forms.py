"""What an officer corrects, and what a correction leaves alone."""

from __future__ import annotations

import pytest

from openpaspor.applications.answers import Answers
from openpaspor.applications.forms import OCCUPATIONS
from openpaspor.intake.forms import IdentityForm


@pytest.mark.parametrize("occupation", [code for code, _words in OCCUPATIONS])
def test_an_occupation_chosen_at_home_outlives_a_correction(occupation):
    answers = Answers(occupation=occupation, address="Jalan " + "x" * 290)

    shown = IdentityForm(answers=answers, kind="adult-new")
    sent = {name: shown[name].value() or "" for name in ("occupation", "address")}
    corrected = IdentityForm(sent, answers=answers, kind="adult-new")

    assert not {"occupation", "address"} & corrected.errors.keys()
    assert (corrected.changes["occupation"], corrected.changes["address"]) == (occupation, answers.address)
