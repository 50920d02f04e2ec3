"""The lock file leads to the public index and its file host alone, and everything in it has a hash."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_INDEX = "https://pypi.org/simple"
PUBLIC_FILES = "https://files.pythonhosted.org/"
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())


def test_the_lock_names_only_the_public_index():
    registries = {
        package["source"].get("registry") for package in LOCK["package"] if package["name"] != "openpaspor"
    }

    assert registries == {PUBLIC_INDEX}


def test_every_file_lies_on_the_public_file_host_and_has_a_hash():
    files = [
        file
        for package in LOCK["package"]
        for file in [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
    ]

    assert files
    assert all(file["url"].startswith(PUBLIC_FILES) for file in files)
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]) for file in files)


def test_the_installer_is_pinned_with_a_build_for_every_usual_machine():
    uv = next(package for package in LOCK["package"] if package["name"] == "uv")
    builds = " ".join(wheel["url"] for wheel in uv["wheels"])

    for machine in (
        "manylinux_2_17_x86_64",
        "manylinux_2_17_aarch64",
        "musllinux_1_1_x86_64",
        "macosx_11_0_arm64",
    ):
        assert machine in builds
