"""Money is whole rupiah in integers; this is how it is written."""

from __future__ import annotations


def rupiah(amount_idr: int) -> str:
    """650000 → `Rp650.000`, in both languages."""
    return ("−" if amount_idr < 0 else "") + "Rp" + f"{abs(amount_idr):,}".replace(",", ".")
