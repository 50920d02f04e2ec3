"""What the machine must offer, asked before anything starts."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from openpaspor.nodes import machine

MOUNTS = """\
/dev/vda / ext4 rw,relatime 0 0
tmpfs /dev/shm tmpfs rw 0 0
server:/export /mnt/with\\040space nfs4 rw 0 0
server:/home /mnt/home cifs rw 0 0
/dev/vdb /mnt/home/local ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/openpaspor", "ext4"),
        ("/mnt/with space/var", "nfs4"),
        ("/mnt/home/me/var", "cifs"),
        ("/mnt/home/local/var", "ext4"),
        ("/mnt/home-made", "ext4"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(
    monkeypatch: pytest.MonkeyPatch, folder: str, kind: str
):
    monkeypatch.setattr(machine, "nearest_existing", lambda path: path)

    assert machine.filesystem_of(Path(folder), MOUNTS) == kind


def test_a_network_folder_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(machine, "filesystem_of", lambda path: "nfs4")

    trouble = machine.trouble_with_network(tmp_path)

    assert trouble is not None
    assert "OPENPASPOR_HOME" in trouble


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")

    assert machine.trouble_with_writing(tmp_path / "new" / "var") is None
    assert str(tmp_path / "file") in (machine.trouble_with_writing(tmp_path / "file") or "")
    if os.geteuid() != 0:  # root writes everywhere
        tmp_path.chmod(0o500)
        assert "cannot be written to" in (machine.trouble_with_writing(tmp_path) or "")


def test_a_port_is_free_or_another_is_proposed():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        assert f"PORT={port + 1}" in (machine.trouble_with_port("127.0.0.1", port) or "")

    assert machine.trouble_with_port("127.0.0.1", port) is None


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_number_that_is_no_port_is_refused(port: int):
    assert "is not a port" in (machine.trouble_with_port("127.0.0.1", port) or "")
