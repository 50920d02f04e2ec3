"""Every message we send, in both languages, one SMS each. The id is the same on every channel and for ever."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from . import sms

TEMPLATES: dict[str, Any] = {
    "OTP": _(
        "OpenPaspor: your code is %(code)s. It counts for 5 minutes. Give it to nobody, not even to an officer."
    ),
    "NOMOR": _(
        "OpenPaspor: your application %(ref)s is complete. Now choose an office and a time. Your answers are safe."
    ),
    "BAYAR": _(
        "OpenPaspor: pay %(amount)s before %(due)s. Billing code %(bill)s. We hold your place for %(ref)s until then."
    ),
    "TAGIHAN": _(
        "OpenPaspor: pay %(amount)s before %(due)s. Billing code %(bill)s for %(ref)s. Your passport is printed once it is paid."
    ),
    "LUNAS": _(
        "OpenPaspor: your payment for %(ref)s has reached us (billing code %(bill)s). Receipt: on your page."
    ),
    "BEBAS": _("OpenPaspor: there is nothing to pay for %(ref)s. Your application goes on by itself."),
    "DICATAT": _("OpenPaspor: %(amount)s for %(ref)s has reached us. We are matching it. Do not pay again."),
    "KEMBALI": _("OpenPaspor: we are giving %(amount)s for %(ref)s back to the account it came from."),
    "JANJI": _(
        "OpenPaspor: appointment of %(name)s %(at)s, %(office)s. Code %(ref)s. Bring your KTP and all originals."
    ),
    "PILIHKAN": _(
        "OpenPaspor: your money came after the deadline and is recorded. We picked %(at)s, %(office)s for %(ref)s."
    ),
    "UBAH": _(
        "OpenPaspor: your new appointment is %(at)s, %(office)s. Code %(ref)s. The old visit pass no longer counts."
    ),
    "PINDAH": _(
        "OpenPaspor: your office is closed that day. Your new time is %(at)s, %(office)s. Code %(ref)s. Do not pay again."
    ),
    "LEWAT": _(
        "OpenPaspor: the time to pay for %(ref)s is over and the place is free again. Your answers are safe, choose another time."
    ),
    "TUTUP": _(
        "OpenPaspor: %(office)s is closed on %(at)s. Choose another time for %(ref)s. Money you have paid still counts."
    ),
    "TERLEWAT": _(
        "OpenPaspor: we missed you on %(at)s. You can choose another day for %(ref)s within %(days)s days. Your money still counts."
    ),
    "KURANG": _(
        "OpenPaspor: bring %(papers)s to %(office)s by %(until)s for %(ref)s. Photo and answers are kept."
    ),
    "FOTO": _(
        "OpenPaspor: papers, interview and photo for %(ref)s are done. Expected ready %(until)s. We will tell you."
    ),
    "SELESAI": _(
        "OpenPaspor: papers, interview and photo for %(ref)s are done. We tell you when your passport is ready."
    ),
    "TANYA": _(
        "OpenPaspor: we need one more thing for %(ref)s. Open your application page and answer by %(until)s."
    ),
    "BAIKI": _(
        "OpenPaspor: we cannot read one paper of %(ref)s. Send a new photo on your page by %(until)s."
    ),
    "SETUJU": _(
        "OpenPaspor: %(ref)s is approved and goes to print. We tell you when it is ready. No need to come yet."
    ),
    "TOLAK": _(
        "OpenPaspor: %(ref)s could not be approved. The reasons, and how to object within %(days)s days, are on your page."
    ),
    "TUNDA": _(
        "OpenPaspor: %(ref)s is put off. The reasons, and when you can apply again, are on your application page."
    ),
    "ULANG": _(
        "OpenPaspor: %(ref)s is checked once more before printing. No need to come. We tell you when it goes on."
    ),
    "KEBERATAN": _(
        "OpenPaspor: your objection for %(ref)s has reached us. Another officer decides on it. We will tell you."
    ),
    "TAHAN": _("OpenPaspor: %(ref)s is being checked further. No need to come unless we contact you."),
    "LANJUT": _("OpenPaspor: the further check of %(ref)s is over. Your application goes on."),
    "SIAP": _(
        "OpenPaspor: passport of %(name)s is ready at %(office)s until %(until)s. Bring your KTP. Code %(ref)s."
    ),
    "RUSAK": _(
        "OpenPaspor: your passport cannot be handed over, its booklet is no good. We print a new one and tell you. Please do not come yet. Code %(ref)s."
    ),
    "INGAT": _(
        "OpenPaspor: your passport still waits at %(office)s, until %(until)s; then it is cancelled. Bring your KTP. Code %(ref)s."
    ),
    "DIAMBIL": _(
        "OpenPaspor: passport of %(name)s was handed over today at %(office)s. Was it not you? Tell us at once. Code %(ref)s."
    ),
    "HANGUS": _(
        "OpenPaspor: the passport of %(ref)s was not fetched in time and is cancelled. You can apply again."
    ),
    "BATAL": _(
        "OpenPaspor: application %(ref)s is withdrawn, as you asked. You can start a new one at any time."
    ),
    "HABIS": _(
        "OpenPaspor: application %(ref)s has ended, because its time was over. You can start a new one at any time."
    ),
    "PUSAT": _(
        "OpenPaspor: the central system has a problem. Your appointment %(at)s STANDS, please come. Your passport may take longer."
    ),
}

PAPERS: dict[str, Any] = {  # as short as an SMS needs them
    "ktp": _("KTP"),
    "kk": _("KK"),
    "birth": _("birth certificate"),
    "child-birth": _("child's birth certificate"),
    "old-passport": _("old passport"),
    "father-ktp": _("father's KTP"),
    "mother-ktp": _("mother's KTP"),
    "marriage": _("marriage book"),
    "statement": _("parents' statement"),
    "police": _("police report"),
}
OTHER_PAPERS = _("what your page lists")
ELASTIC = ("papers", "office", "name")  # may be cut, in this order, where a message would not fit


def worded(template: str, language: str, **values: str) -> str:
    """The text of a message in one SMS. Names, offices and lists of papers give way when it would be too long."""
    with translation.override(language):
        pattern = str(TEMPLATES[template])
    plain = {key: sms.plain(value) for key, value in values.items()}
    for key in ELASTIC:
        over = sms.length(pattern % plain) - sms.LONGEST
        if over > 0 and key in plain:
            plain[key] = sms.shorter(plain[key], over)
    return pattern % plain
