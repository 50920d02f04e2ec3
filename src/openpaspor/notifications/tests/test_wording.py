"""Every message fits into one SMS, whatever the names and offices are."""

from __future__ import annotations

import pytest
from django.utils import translation

from openpaspor.applications.papers import PAPERS as ALL_PAPERS
from openpaspor.notifications import sms
from openpaspor.notifications.wording import OTHER_PAPERS, PAPERS, TEMPLATES, worded
from openpaspor.offices.models import Office

LONG = {
    "code": "482913",
    "ref": "OP-WWWW-WWWW",
    "bill": "820261124000123",
    "amount": "Rp12.950.000",
    "due": "Wed 30 Sept 23.59 WITA",
    "at": "Wed 30 Sept 09.30 WITA",
    "until": "30 Sept 2026",
    "days": "100",
    "office": "Unit Percepatan Paspor Terminal 3 Soekarno-Hatta",
    "name": "MUHAMMADABDURRAHMANSYAH-AL-FARUQI W.",
    "papers": "child's birth certificate, father's KTP, mother's KTP, parents' statement, what your page lists",
}


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_message_is_one_sms_with_the_longest_values(template, language):
    text = worded(template, language, **LONG)

    assert sms.length(text) <= 160, text
    assert text.startswith("OpenPaspor: ") and text.endswith(".")
    assert "%(" not in text


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_what_one_must_know_is_never_cut(template, language):
    with translation.override(language):
        named = {key for key in LONG if f"%({key})s" in str(TEMPLATES[template])}

    text = worded(template, language, **LONG)

    for key in named - {"office", "name", "papers"}:
        assert LONG[key] in text


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_indonesian_text_is_translated(template):
    assert worded(template, "id", **LONG) != worded(template, "en", **LONG)


@pytest.mark.parametrize("name", ["Łukasz Żółć", "O’Brien", "山田 太郎", "Ni Luh 😀 Sari", "ÑÉ{}"])
def test_a_strange_name_still_is_gsm(name):
    text = worded("JANJI", "id", **(LONG | {"name": sms.short_name(name)}))

    assert sms.length(text) <= 160


def test_names_and_offices_are_short():
    assert sms.short_name("Siti Aminah binti Abdullah") == "SITI A."
    assert sms.short_name("Suharto") == "SUHARTO"
    assert sms.short_name("Ni Luh Sari Dewi") == "NI LUH S."
    assert sms.short_name("") == ""
    assert (
        sms.short_office("Kantor Imigrasi Kelas I Khusus Non TPI Jakarta Selatan") == "Kanim Jakarta Selatan"
    )


@pytest.mark.django_db
def test_no_office_name_holds_a_strange_sign():
    for office in Office.objects.all():
        assert sms.length(sms.short_office(office.name)) <= 50
        assert sms.short_office(office.name).startswith("Kanim ") or office.kind != "kanim"


def test_every_paper_has_a_short_name():
    assert set(PAPERS) == set(ALL_PAPERS)
    with translation.override("id"):
        assert all(sms.length(str(short)) <= 40 for short in [*PAPERS.values(), OTHER_PAPERS])


def test_signs_outside_the_alphabet_are_refused():
    with pytest.raises(ValueError):
        sms.length("Rp650.000 – besok")
    assert sms.length("{}") == 4
