"""Which papers an application needs. Source: Permenkumham 8/2014 arts. 2–5 as changed by 18/2022."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Paper:
    """One paper: its code in the dossier, its name, and what must be seen on the picture."""

    code: str
    name: Any
    hint: Any = ""


PAPERS: dict[str, Paper] = {
    paper.code: paper
    for paper in (
        Paper(
            "ktp", _("Identity card (KTP)"), _("The side with the photo. All four corners must be visible.")
        ),
        Paper("kk", _("Family card (KK)"), _("The whole page, with your name on it.")),
        Paper(
            "birth",
            _("Birth certificate, marriage book, diploma or baptism letter"),
            _(
                "One of them is enough. It must show name, birth date, birth place and the names of the parents."
            ),
        ),
        Paper(
            "child-birth", _("Birth certificate of the child"), _("The page with the names of both parents.")
        ),
        Paper(
            "old-passport",
            _("Old passport, page with the photo"),
            _("The two lines of letters and < signs at the bottom must be visible."),
        ),
        Paper("father-ktp", _("Identity card (KTP) of the father"), _("The side with the photo.")),
        Paper("mother-ktp", _("Identity card (KTP) of the mother"), _("The side with the photo.")),
        Paper("marriage", _("Marriage book or certificate of the parents"), _("The pages with both names.")),
        Paper(
            "statement",
            _("Statement of both parents, signed on a Rp10.000 duty stamp"),
            _("Both signatures and the stamp must be visible."),
        ),
        Paper("police", _("Loss report of the police"), _("The whole page with the stamp.")),
    )
}

NEEDED: dict[str, tuple[str, ...]] = {
    "adult-new": ("ktp", "kk", "birth"),
    "adult-replace": ("ktp", "old-passport"),
    "child": ("child-birth", "kk", "father-ktp", "mother-ktp", "marriage", "statement"),
    "lost": ("ktp", "kk", "birth", "police"),
    "damaged": ("ktp", "kk", "birth", "old-passport"),
}
# Only passports issued in Indonesia after 2009 stand in the register; with another one a new one's papers are needed.
OLD_FROM_ABROAD = ("ktp", "kk", "birth", "old-passport")


def needed(
    kind: str, *, had_passport: bool = False, old_from_abroad: bool = False, missing_parent: str = ""
) -> tuple[Paper, ...]:
    """The papers of one kind of application, in the order in which they are asked for.

    `missing_parent` is "father" or "mother" where only one parent acts for the child.
    """
    codes = OLD_FROM_ABROAD if kind == "adult-replace" and old_from_abroad else NEEDED[kind]
    if kind == "child" and had_passport:
        codes += ("old-passport",)
    return tuple(PAPERS[code] for code in codes if code != f"{missing_parent}-ktp")
