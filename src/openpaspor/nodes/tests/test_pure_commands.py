"""Commands that need no database: their JSON and exit codes are fixed for the outside."""

import io
import json

import pytest

from openpaspor.kit import references
from openpaspor.nodes import cli

SUHARTO = {
    "full_name": "Suharto",
    "number": "A1234567",
    "born": "1980-01-01",
    "sex": "M",
    "expires": "2033-01-01",
    "issued": "2026-11-24",
}


@pytest.fixture
def answer(capsys):
    def run(*arguments):
        code = cli.main(list(arguments))
        said = capsys.readouterr()
        assert said.out.count("\n") == 1
        values = json.loads(said.out)
        assert values.pop("schema") == 1
        return code, values

    return run


def test_ref_check_tells_a_reference_from_a_slip(answer):
    assert answer("ref", "check", references.make("A7", 1, b"key"), "--json") == (0, {"valid": True})
    assert answer("ref", "check", "OP-0000-0000", "--json") == (1, {"valid": False})


def test_nik_reads_birth_date_and_sex(answer):
    code, said = answer("nik", "3515144508680002", "--json")

    assert code == 0
    assert said == {"valid": True, "born": "1968-08-05", "sex": "F", "warnings": [], "error": None}


def test_nik_warns_and_says_what_is_wrong(answer):
    assert answer("nik", "9915144508680002", "--json")[1]["warnings"] == ["unknown-province"]
    assert answer("nik", "351514450868000", "--json") == (
        1,
        {"valid": False, "born": None, "sex": None, "warnings": [], "error": "nik-length"},
    )


def test_fee_gives_the_amount_and_its_rule(answer):
    code, said = answer(
        "fee",
        "--kind",
        "adult-new",
        "--booklet",
        "electronic",
        "--years",
        "10",
        "--on",
        "2026-11-24",
        "--json",
    )

    assert (code, said["amount_idr"], said["source"]) == (0, 950_000, "PP 45/2024")


def test_fee_finds_nothing_where_no_rule_is(answer):
    code, said = answer("fee", "--kind", "child", "--booklet", "regular", "--years", "10", "--json")

    assert (code, said["amount_idr"], said["code"]) == (1, None, "fee-years-not-for-children")


def test_days_add_counts_over_lebaran(answer):
    assert answer("days", "add", "DENPASAR", "2026-03-17", "1", "--json") == (
        0,
        {"date": "2026-03-25", "sure": True},
    )


def test_days_of_an_unknown_office_are_wrong_use():
    assert cli.main(["days", "add", "ATLANTIS", "2026-03-17", "1", "--json"]) == 2


@pytest.mark.parametrize("words", [("9999-12-30", "5"), ("2026-12-01", "99999999")])
def test_the_calendar_has_an_end(words):
    assert cli.main(["days", "add", "DENPASAR", *words, "--json"]) == 2


@pytest.mark.parametrize("said", ["[]", "{}", "3", '{"born": "x"}', "not json"])
def test_what_is_no_person_gets_one_sentence(said, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(said))

    assert cli.main(["mrz"]) == 2
    told = capsys.readouterr().err
    assert "Error" not in told and len(told.splitlines()) == 1


def test_mrz_writes_both_lines(answer, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(SUHARTO)))

    code, said = answer("mrz")

    assert code == 0
    assert said == {
        "line1": "P<IDNSUHARTO<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<",
        "line2": "A1234567<6IDN8001014M3301018<<<<<<<<<<<<<<00",
        "primary": "SUHARTO",
        "secondary": "",
        "truncated": False,
    }


def test_mrz_refuses_a_field_that_does_not_fit(answer, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({**SUHARTO, "number": "A123456789"})))

    assert answer("mrz") == (1, {"code": "mrz-unwritable", "field": "number"})


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"born": "x"}'])
def test_mrz_of_no_person_is_wrong_use(text, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))

    assert cli.main(["mrz"]) == 2
