"""The demo's inbox: every phone, but only in a demo and only at this machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openpaspor.ledger import node
from openpaspor.notifications.channels import inbox

pytestmark = pytest.mark.django_db


def test_a_code_is_there_at_once_newest_first(client):
    inbox.send_code("+6281200000001", "111111")
    inbox.send_code("+6281200000002", "482913")

    newest, oldest = client.get("/demo/inbox.json").json()

    assert newest["to"] == "081200000002" and newest["template"] == "OTP" and newest["code"] == "482913"
    assert "482913" in newest["text"] and newest["at"].endswith("Z")
    assert set(newest) == {"to", "template", "text", "code", "at"} and oldest["code"] == "111111"


def test_one_phone_can_be_picked_out(client):
    inbox.send_code("+6281200000001", "111111")
    inbox.send_code("+6281200000002", "482913")

    assert [one["code"] for one in client.get("/demo/inbox.json?to=0812-0000-0001").json()] == ["111111"]
    assert client.get("/demo/inbox.json?to=siapa").json() == []
    page = client.get("/demo/inbox/?to=0812-0000-0001").content.decode()
    assert 'data-page="notifications:inbox"' in page and "111111" in page and "482913" not in page


@pytest.mark.parametrize("address", ["/demo/inbox/", "/demo/inbox.json"])
def test_there_is_no_inbox_elsewhere(client, address):
    assert client.get(address, REMOTE_ADDR="192.0.2.1").status_code == 404
    with node.standing_at(replace(node.here(), demo=False)):
        assert client.get(address).status_code == 404
