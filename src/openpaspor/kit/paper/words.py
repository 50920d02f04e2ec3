"""The words on paper, in both languages, and dates as each language writes them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

Language = Literal["id", "en"]

WORDS: dict[str, dict[Language, str]] = {
    # visit pass
    "visit_pass": {"id": "Bukti janji", "en": "Visit pass"},
    "come": {"id": "Datang", "en": "Come"},
    "come_early": {
        "id": "Datang 10 menit lebih awal. Tunjukkan kode QR ini di pintu masuk.",
        "en": "Come 10 minutes early. Show this QR code at the entrance.",
    },
    "where": {"id": "Di mana", "en": "Where"},
    "code": {"id": "Kode permohonan", "en": "Application code"},
    "name": {"id": "Nama", "en": "Name"},
    "for_what": {"id": "Untuk", "en": "For"},
    "bring": {"id": "Bawa yang asli", "en": "Bring the originals"},
    "pass_number": {"id": "Bukti ke-%(number)d", "en": "Pass no. %(number)d"},
    "latest_counts": {
        "id": "Jika Anda mengubah janji, hanya bukti yang terbaru berlaku.",
        "en": "If you change your appointment, only the latest pass is valid.",
    },
    "no_help_needed": {
        "id": "QR rusak atau HP mati? Sebutkan kode di atas, atau NIK dan tanggal lahir.",
        "en": "QR damaged or phone empty? Give the code above, or your NIK and birth date.",
    },
    "paid": {"id": "Lunas", "en": "Paid"},
    "unpaid": {"id": "Dibayar setelah wawancara", "en": "Payable after the interview"},
    # receipt
    "receipt": {"id": "Tanda terima pembayaran", "en": "Payment receipt"},
    "receipt_number": {"id": "Nomor tanda terima", "en": "Receipt number"},
    "bill_code": {"id": "Kode billing", "en": "Billing code"},
    "paid_at": {"id": "Dibayar", "en": "Paid at"},
    "channel": {"id": "Melalui", "en": "Through"},
    "bank_reference": {"id": "Nomor bukti bank", "en": "Bank reference"},
    "item": {"id": "Untuk", "en": "For"},
    "amount": {"id": "Jumlah", "en": "Amount"},
    "total": {"id": "Total", "en": "Total"},
    "keep": {
        "id": "Simpan tanda terima ini. Uang masuk langsung ke kas negara; petugas tidak menerima uang tunai.",
        "en": "Keep this receipt. The money goes straight to the treasury; officers take no cash.",
    },
    # every sheet
    "demo": {
        "id": "Contoh dari OpenPaspor. Bukan dokumen resmi.",
        "en": "A sample by OpenPaspor. Not an official document.",
    },
}

_DAYS: dict[Language, list[str]] = {
    "id": ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"],
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}
_MONTHS: dict[Language, list[str]] = {
    "id": [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
# Data page: at most four letters, Indonesian and English (9303-3 §3.8).
_SHORT_ID = ["JAN", "FEB", "MAR", "APR", "MEI", "JUN", "JUL", "AGU", "SEP", "OKT", "NOV", "DES"]
_SHORT_EN = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def say(word: str, language: Language, **values: object) -> str:
    text = WORDS[word][language]
    return text % values if values else text


def long_day(day: date, language: Language) -> str:
    """`Kamis, 26 November 2026` or `Thursday, 26 November 2026`."""
    return f"{_DAYS[language][day.weekday()]}, {day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def hour(moment: datetime, zone: str, language: Language) -> str:
    """`09.00 WITA` or `09:00 WITA`, of a moment already on the wall clock of its zone."""
    return f"{moment:%H.%M} {zone}" if language == "id" else f"{moment:%H:%M} {zone}"


def page_date(day: date | str) -> str:
    """`17 AGU/AUG 1985`; a month written alike in both languages stands once; unknown parts are X: `XX XXX 1985`."""
    text = day.isoformat() if isinstance(day, date) else day
    year, month, number = text.split("-")
    if not month.isdigit():
        return f"{number} XXX {year}"
    own, english = _SHORT_ID[int(month) - 1], _SHORT_EN[int(month) - 1]
    return f"{number} {own if own == english else f'{own}/{english}'} {year}"
