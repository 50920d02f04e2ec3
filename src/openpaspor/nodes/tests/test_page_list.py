"""The list of pages is the list of what can be opened: none is missing, none is invented."""

import sys

import pytest

from openpaspor.nodes import cli
from openpaspor.nodes.pages import NOT_PAGES, PAGES, Shown, all_names

LISTED = {page.name for page in PAGES if not page.path}


def test_every_address_is_a_page_or_is_known_to_be_none():
    assert set(all_names()) - LISTED - set(NOT_PAGES) == set()


def test_every_listed_page_exists():
    assert (LISTED | set(NOT_PAGES)) - set(all_names()) == set()


def test_nothing_is_a_page_and_none_at_once():
    assert LISTED & set(NOT_PAGES) == set()


def test_no_two_pages_have_one_picture():
    pictures = [Shown(name=page.name, case=page.case).picture for page in PAGES]

    assert len(set(pictures)) == len(pictures)


@pytest.mark.django_db
def test_without_a_demo_the_list_says_what_cannot_be_shown(capsys):
    code = cli.main(["pages", "--json"])

    said = capsys.readouterr()
    assert code == cli.FOUND
    assert '"name": "payments:receipt", "case": "", "login": "pemohon", "url": null' in said.out
    assert "nothing in this demo shows it" in said.err


@pytest.mark.django_db
def test_without_playwright_pictures_say_what_to_install(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)

    code = cli.main(["shots", "--out", str(tmp_path), "--only", "applications:help"])

    assert code == cli.CANNOT_START
    assert "playwright" in capsys.readouterr().err
