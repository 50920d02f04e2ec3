"""What each role serves and follows, as plain data: one file per role.

SERVES   addresses, as shell patterns of the routes in the rooms' `urls.py`; None: all
FOLLOWS  rooms whose followers and sweeps run here; None: all
DOORS    (door, address, demo login) of the start table; `{place}` is the first office in small letters
"""

WIRE = ("wire/v1", "healthz", "readyz", "status.json", "status/")
STAFF = ("petugas/masuk/*", "keluar/", "akun/", "akun/keluar-semua/", "ops/", "ops/akses/", "bantuan/", "privasi/", "ui/")  # fmt: skip
OPS = ("ops/jam/", "ops/parked/*", "ops/lines/*", "ops/seen/*")
DEMO = ("demo/", "demo/as/*", "demo/clock")
EVERYWHERE = (*WIRE, *STAFF, *OPS, *DEMO)

COPIES = frozenset({"ledger", "offices", "accounts", "applications", "payments", "nodes"})  # on every node
