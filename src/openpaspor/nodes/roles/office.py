"""An office: hall, counters, print room. No page for applicants at home, and nothing of the centre."""

from . import COPIES, EVERYWHERE

SERVES = ("petugas/*", "kepala/*", "cetak/*", "aula/*", *EVERYWHERE)
FOLLOWS = COPIES | {"appointments", "hall", "intake", "issuance"}
DOORS = (
    ("officer", "/petugas/", "petugas.{place}"),
    ("head of office", "/kepala/", "kepala.{place}"),
    ("print room", "/cetak/", "cetak.{place}"),
    ("board", "/aula/{office}/papan", "nobody signs in"),
    ("operations", "/ops/", "ops.pusat"),
)
