"""Nothing personal lies in clear: not in the database, its write-ahead log, the store, other files, or what was logged.

The whole road and a walk-in are told; then every file and every column is searched for what people wrote and what
their pictures said, in the forms in which it could lie about.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import road
from tests.journeys.stage import Stage

NAMES = [road.NAME, "Ni Made Ayu Lestari", "I Ketut Raka", "Ni Luh Sari"]
NUMBERS = [road.NIK, "5171015203950004", "5171012311260001", "X1234567", "81234567890"]
WORDS = [*NAMES, *NUMBERS, "Jalan Kamboja", road.CAMERA, road.DATUM]
SHORTEST = 8  # bytes; less would be found by chance in what is encrypted
JPEG, MARKS = b"\xff\xd8\xff", (b"JFIF\x00", b"Exif\x00\x00")


def forms(word: str) -> set[bytes]:
    """A word as text in several encodings and cases, in hexadecimal, and within base64 at every alignment."""
    plain = word.encode()
    found = {word.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")}
    found |= {word.upper().encode(), word.lower().encode(), word.upper().replace(" ", "<").encode()}
    found |= {plain.hex().encode(), plain.hex().upper().encode()}
    for shift in range(3):
        inside = base64.b64encode(b"\0" * shift + plain)
        found.add(inside[4 if shift else 0 : len(inside) - 4])
    return {form for form in found if len(form) >= SHORTEST}


FORMS = {form: word for word in WORDS for form in forms(word)}


def found_in(content: bytes) -> set[str]:
    return {word for form, word in FORMS.items() if form in content}


def test_the_search_finds_what_it_looks_for():
    assert found_in(b"..." + road.picture()) == {road.CAMERA, road.DATUM}
    assert found_in(f"x{road.NAME}".encode("utf-16-le")) == {road.NAME}
    assert found_in(base64.b64encode(f"ab{road.NIK}cdef".encode())) == {road.NIK}
    assert road.picture()[:3] == JPEG


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bytes, dict[str, bytes]]]:
    """A home in which people were served, all that was said meanwhile, and every column of the database."""
    home = tmp_path_factory.mktemp("canary") / "home"
    with Stage(home) as stage:
        spoken = b""
        for name in ("furniture", "road", "counter"):
            told = stage.play(name)
            assert told.code == 0, told.said[-3000:]
            spoken += told.said.encode() + told.out.encode()
        assert stage.call("tests.journeys.at_a_node:first_name").json()["name"] == road.NAME
        columns = stage.call("tests.journeys.at_a_node:every_column").json()
        spoken += stage.openpaspor("ledger", "export").out.encode()
        spoken += stage.openpaspor("invariants", "--json").out.encode()
        yield home, spoken, {place: bytes.fromhex(content) for place, content in columns.items()}


def test_no_file_holds_anything_of_a_person(lived_in):  # type: ignore[no-untyped-def]
    home, _spoken, _columns = lived_in
    files = [path for path in home.rglob("*") if path.is_file()]

    hits = {str(path.relative_to(home)): found_in(path.read_bytes()) for path in files}

    assert len(files) > 10
    assert {path: words for path, words in hits.items() if words} == {}


def test_no_log_and_no_command_says_anything_of_a_person(lived_in):  # type: ignore[no-untyped-def]
    _home, spoken, _columns = lived_in

    assert spoken and found_in(spoken) == set()


def test_no_column_holds_anything_of_a_person(lived_in):  # type: ignore[no-untyped-def]
    _home, _spoken, columns = lived_in

    assert len(columns) > 50
    assert {place: found_in(content) for place, content in columns.items() if found_in(content)} == {}


def test_no_picture_lies_in_clear(lived_in):  # type: ignore[no-untyped-def]
    home, _spoken, columns = lived_in
    stored = [path.read_bytes() for path in (home / "attachments").rglob("*") if path.is_file()]
    database = [path.read_bytes() for path in home.glob("openpaspor.sqlite3*")]

    assert len(stored) > 5
    assert not [blob for blob in stored if blob.startswith(JPEG)]
    assert not [mark for mark in MARKS for blob in [*stored, *database, *columns.values()] if mark in blob]
