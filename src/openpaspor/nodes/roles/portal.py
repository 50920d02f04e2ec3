"""Pages for applicants: applying, places, bills, messages. Bank notices come in here, so the money desk works here too."""

from . import COPIES, EVERYWHERE

SERVES = (
    "", "cek/", "lacak/", "api/v1/track", "masuk/*", "akun/*", "kantor/", "permohonan/*", "payments/notices/*",
    "kas/*", "demo/bank/*", "demo/inbox/", "demo/inbox.json", *EVERYWHERE,
)  # fmt: skip
FOLLOWS = COPIES | {"appointments", "notifications"}
DOORS = (
    ("applicants", "/", "pemohon, 081200000001"),
    ("money", "/kas/", "kas.pusat"),
    ("operations", "/ops/", "ops.pusat"),
    ("demo desk", "/demo/", "one click opens any of these; clock, inbox, bank"),
)
