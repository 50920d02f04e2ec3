from datetime import date

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import engines
from django.utils import translation
from django_cotton.compiler_regex import CottonCompiler

from openpaspor.ui.forms import ActionForm, DateOfThreeBoxes, described


class WhoForm(ActionForm):
    name = forms.CharField(label="Nama lengkap", help_text="Sesuai KTP")
    born = DateOfThreeBoxes(label="Tanggal lahir", required=False)
    paper = forms.FileField(label="Foto KK", required=False)


def sent(
    name: str = "Sari", *, nonce: str = "n0nce-of-page", paper: bytes | None = None, **more: str
) -> WhoForm:
    files = {"paper": SimpleUploadedFile("kk.jpg", paper)} if paper else {}
    return WhoForm({"name": name, "nonce": nonce, **more}, files)


def drawn(source: str, **context: object) -> str:
    return engines["django"].from_string(CottonCompiler().process(source)).render(context)


def test_the_same_page_sent_twice_is_the_same_deed():
    assert sent().action_id == sent().action_id


def test_other_answers_are_another_deed():
    assert sent("Sari").action_id != sent("Wayan").action_id


def test_another_page_is_another_deed():
    assert sent(nonce="first-page").action_id != sent(nonce="second-page").action_id


def test_the_content_of_a_file_counts_and_can_still_be_read():
    form = sent(paper=b"one")

    assert form.action_id != sent(paper=b"two").action_id
    assert form.action_id == sent(paper=b"one").action_id
    assert form.cleaned_data["paper"].read() == b"one"


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "<script>alert(1)</script>"])
def test_without_a_sound_nonce_each_sending_is_a_deed_of_its_own(nonce: str):
    first, second = sent(nonce=nonce), sent(nonce=nonce)

    assert first.is_valid()
    assert first.action_id != second.action_id


def test_each_page_carries_its_own_nonce():
    assert WhoForm()["nonce"].value() != WhoForm()["nonce"].value()


def test_a_form_that_was_not_sent_has_no_deed():
    with pytest.raises(ValueError, match="sent"):
        WhoForm().action_id  # noqa: B018


@pytest.mark.parametrize(
    ("boxes", "day"),
    [
        (("29", "2", "2024"), date(2024, 2, 29)),
        ((" 5", "03 ", "1999"), date(1999, 3, 5)),
        (("", "", ""), None),
    ],
)
def test_three_boxes_make_a_date(boxes: tuple[str, str, str], day: date | None):
    form = sent(born_day=boxes[0], born_month=boxes[1], born_year=boxes[2])

    assert form.is_valid()
    assert form.cleaned_data["born"] == day


@pytest.mark.parametrize(
    ("boxes", "sentence"),
    [
        (("29", "2", "2023"), "Tanggal ini tidak ada. Periksa lagi tanggal dan bulannya."),
        (("1", "13", "1999"), "Bulan harus angka 1 sampai 12."),
        (("1", "3", "99"), "Tulis tahun dengan empat angka, misalnya 1999."),
        (("1", "Maret", "1999"), "Pakai angka saja, misalnya 27 3 1999."),
        (("١", "3", "1999"), "Pakai angka saja, misalnya 27 3 1999."),
        (("1", "", "1999"), "Isi tanggal, bulan, dan tahunnya."),
    ],
)
def test_a_wrong_date_says_what_is_wrong(boxes: tuple[str, str, str], sentence: str):
    with translation.override("id"):
        form = sent(born_day=boxes[0], born_month=boxes[1], born_year=boxes[2])

        assert form.errors["born"] == [sentence]


def test_a_missing_answer_is_named_in_the_list_on_top():
    with translation.override("id"):
        page = drawn('<c-error-summary :form="form" />', form=sent(""))

    assert "Ada yang perlu diperbaiki" in page
    assert '<a href="#id_name">Isi dulu: Nama lengkap</a>' in page


def test_the_list_jumps_to_the_first_box_of_a_date():
    page = drawn(
        '<c-error-summary :form="form" />', form=sent(born_day="32", born_month="1", born_year="1999")
    )

    assert 'href="#id_born_0"' in page


def test_hint_and_error_are_tied_to_the_input():
    page = drawn('<c-field :field="form.name" />', form=sent(""))

    assert 'aria-describedby="id_name_hint id_name_error"' in page
    assert 'id="id_name_hint"' in page
    assert 'id="id_name_error"' in page
    assert 'aria-invalid="true"' in page


def test_hint_and_error_of_a_date_are_tied_to_its_group():
    form = sent(born_day="32", born_month="1", born_year="1999")
    page = drawn('<c-field :field="form.born" hint="Lihat KTP" optional />', form=form)

    assert '<fieldset class="field field-wrong" aria-describedby="id_born_hint id_born_error">' in page
    assert page.count("aria-describedby") == 1
    assert '<label class="box-label" for="id_born_2">' in page


def test_what_was_typed_is_shown_again_and_escaped():
    page = drawn('<c-field :field="form.name" />', form=sent('<b>"Sari"'))

    assert 'value="&lt;b&gt;&quot;Sari&quot;"' in page


def test_a_whole_form_draws_its_nonce_and_every_field():
    page = str(WhoForm())

    assert 'name="nonce"' in page
    assert all(f'id="{one}"' in page for one in ("id_name", "id_born_0", "id_paper"))


def test_a_described_choice_escapes_its_words():
    assert str(described("<i>", "a & b")) == '&lt;i&gt;<span class="choice-hint">a &amp; b</span>'
