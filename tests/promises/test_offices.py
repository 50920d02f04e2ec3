"""Codes of offices stand in references to them for ever: unique, plain, and each with a zone of Indonesia."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import openpaspor
from openpaspor.offices.quotas import quota

DATA = Path(openpaspor.__file__).parent / "offices" / "data"
ROWS = list(csv.DictReader((DATA / "offices.csv").read_text(encoding="utf-8").splitlines()))
ZONES = {"WIB": {"Asia/Jakarta", "Asia/Pontianak"}, "WITA": {"Asia/Makassar"}, "WIT": {"Asia/Jayapura"}}
IN_DEMO = {"DENPASAR", "JAKARTA-SELATAN", "SURABAYA", "MAKASSAR", "JAYAPURA"}


def test_every_code_is_given_once_and_can_stand_in_an_address():
    codes = [row["code"] for row in ROWS]

    assert len(codes) == len(set(codes)) > 100
    assert all(re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)*", code) for code in codes)
    assert set(codes) >= IN_DEMO


def test_every_office_has_a_name_a_city_and_a_zone_of_its_province():
    for row in ROWS:
        assert row["name"] and row["city"] and row["province"], row
        assert row["iana_tz"] in ZONES[row["timezone"]], row


def test_the_name_of_an_office_is_its_own():
    names = [row["name"] for row in ROWS]

    assert len(names) == len(set(names))


def test_every_class_of_office_has_quotas():
    for office_class in {row["class"] for row in ROWS}:
        assert quota(office_class, "online", "electronic").daily >= 0
