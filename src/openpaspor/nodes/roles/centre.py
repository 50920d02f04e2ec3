"""The centre: review and decision, money, people and their postings, the list of nodes."""

from . import COPIES, EVERYWHERE

SERVES = ("pusat/*", "kas/*", "ops/*", *EVERYWHERE)
FOLLOWS = COPIES | {"adjudication", "issuance"}
DOORS = (
    ("centre", "/pusat/", "adjudikator1.pusat"),
    ("money", "/kas/", "kas.pusat"),
    ("operations", "/ops/", "ops.pusat"),
)
