import pytest

from openpaspor.kit import phones


@pytest.mark.parametrize(
    "typed",
    [
        "081200000001",
        "0812 0000 0001",
        "0812-0000-0001",
        "0812.0000.0001",
        "+6281200000001",
        "+62 812-0000-0001",
        "6281200000001",
        "006281200000001",
        "+62 (0)812 0000 0001",
        "81200000001",
        " 081200000001\n",
    ],
)
def test_a_number_has_one_form_inside_however_it_is_written(typed):
    assert phones.normalise(typed) == "+6281200000001"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0812",
        "0812000000000001",
        "0361234567",
        "+60123456789",
        "0812x0000001",
        "٠٨١٢٠٠٠٠٠٠٠١",
        "0" * 500,
        "+",
    ],
)
def test_what_is_no_indonesian_mobile_number_is_refused(typed):
    with pytest.raises(phones.PhoneInvalid):
        phones.normalise(typed)


def test_the_mask_shows_enough_for_its_owner_only():
    assert phones.mask("+6281200000001") == "0812-••••-••01"
    assert phones.local("+6281200000001") == "0812-0000-0001"
