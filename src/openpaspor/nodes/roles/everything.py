"""The whole country on one machine."""

SERVES = None
FOLLOWS = None
DOORS = (
    ("applicants", "/", "pemohon, 081200000001"),
    ("officer", "/petugas/", "petugas.denpasar"),
    ("head of office", "/kepala/", "kepala.denpasar"),
    ("centre", "/pusat/", "adjudikator1.pusat"),
    ("print room", "/cetak/", "cetak.denpasar"),
    ("money", "/kas/", "kas.pusat"),
    ("operations", "/ops/", "ops.pusat"),
    ("demo desk", "/demo/", "one click opens any of these; clock, inbox, bank"),
)
