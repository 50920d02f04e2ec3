"""What the front door says of places, before anybody has typed a word."""

import pytest

from openpaspor.offices.models import Office

from .make import TOMORROW, make_office, make_slot

pytestmark = pytest.mark.django_db
THURSDAY = TOMORROW.replace(day=26)


def test_the_front_door_shows_the_earliest_place_of_each_part_of_the_country_in_its_own_zone(client):
    bali, papua = make_office(), Office.objects.get(code="JAYAPURA")
    make_slot(bali, day=THURSDAY, hour=8)
    make_slot(bali, day=TOMORROW, hour=10)
    make_slot(papua, day=THURSDAY, hour=8)

    page = client.get("/").content.decode()

    assert "Bali dan Nusa Tenggara" in page and "Rab 25 Nov, 10.00 WITA" in page
    assert "Maluku dan Papua" in page and "Kam 26 Nov, 08.00 WIT<" in page
    assert 'href="/kantor/?cari=Jayapura"' in page
    assert "Sumatra" not in page and "Kam 26 Nov, 08.00 WITA" not in page


def test_the_front_door_says_nothing_of_places_when_there_are_none(client):
    make_slot(offered=0)

    assert "Slot tercepat hari ini" not in client.get("/").content.decode()


def test_the_front_door_counts_places_once_for_everybody_who_comes(client, django_assert_max_num_queries):
    make_slot()
    client.get("/")

    with django_assert_max_num_queries(6) as asked:
        assert "Slot tercepat hari ini" in client.get("/").content.decode()

    assert not [query for query in asked.captured_queries if "appointments_slot" in query["sql"]]
