"""Facts that were said are read for ever: every one is documented, and samples of each version stay readable.

A sample is never changed. When a fact gains a field, a second one is laid beside the first: `payments.settled.2.json`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from openpaspor.facts import FactUnknown, decode, encode, known, names
from openpaspor.ledger.canonical import canonical

ROOT = Path(__file__).resolve().parents[2]


def name_of(sample: Path) -> str:
    return ".".join(sample.stem.split(".")[:2])


def age_of(sample: Path) -> tuple[str, int]:
    """The newest of a fact comes last: `payments.settled`, then `payments.settled.2`."""
    return name_of(sample), int((sample.stem.split(".") + ["1"])[2])


SAMPLES = sorted(Path(__file__).with_name("samples").glob("*.json"), key=age_of)


def test_every_fact_has_a_sample_and_no_sample_is_of_a_fact_that_is_gone():
    assert {name_of(sample) for sample in SAMPLES} == set(names())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_sample_is_read_back_as_it_was_said(sample: Path):
    said = json.loads(sample.read_text())

    fact = decode(name_of(sample), said)

    assert canonical(encode(fact)) == canonical(said)


@pytest.mark.parametrize("name", names())
def test_the_newest_sample_knows_every_field(name: str):
    newest = [sample for sample in SAMPLES if name_of(sample) == name][-1]

    assert set(json.loads(newest.read_text())) == {field.name for field in fields(known(name))}


@pytest.mark.parametrize("name", names())
def test_a_fact_of_an_older_version_lacks_its_optional_fields_and_is_read(name: str):
    sample = next(sample for sample in SAMPLES if name_of(sample) == name)
    needed = {field.name for field in fields(known(name)) if field.default is MISSING}
    said = {key: value for key, value in json.loads(sample.read_text()).items() if key in needed}

    assert encode(decode(name, said)) == said


def test_fields_of_a_newer_version_are_left_aside_and_unknown_facts_are_said_to_be_unknown():
    sample = json.loads(SAMPLES[0].read_text())

    assert encode(decode(name_of(SAMPLES[0]), sample | {"of_tomorrow": 1})) == sample
    with pytest.raises(FactUnknown):
        decode("room.not_yet_built", {})


def test_every_fact_says_what_it_means():
    silent = [
        name for name in names() if (known(name).__doc__ or "").startswith((f"{known(name).__name__}(", " ")) or not known(name).__doc__
    ]  # fmt: skip

    assert silent == []


def test_the_page_of_facts_is_made_from_the_facts():
    done = subprocess.run(
        [sys.executable, "tools/facts.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
