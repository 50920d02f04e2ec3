"""The page that shows every component, and the answers when something goes wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import RequestDataTooBig
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused
from openpaspor.ui.forms import ActionForm, DateOfThreeBoxes, described
from openpaspor.ui.refusals import too_large

# Error pages: `handler400 = "openpaspor.ui.views.bad_request"` and so on in the root URLs


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For `CSRF_FAILURE_VIEW`."""
    return render(request, "403_csrf.html", status=403)


def too_many_tries(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "429.html", status=429)


def server_error(request: HttpRequest) -> HttpResponse:
    """Needs no database, no session and no context processor."""
    return HttpResponseServerError(render_to_string("500.html"))


# All components on one page


class ShownForm(ActionForm):
    """One field of every kind."""

    name = forms.CharField(label=_("Full name as on the identity card"), max_length=120)
    phone = forms.CharField(
        label=_("Mobile number"),
        help_text=_("We send a code to this number."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    born = DateOfThreeBoxes(label=_("Date of birth"), help_text=_("For example 27 3 1999."), birthday=True)
    booklet = forms.ChoiceField(
        label=_("Which booklet would you like?"),
        widget=forms.RadioSelect,
        choices=[
            ("regular", described(_("Regular passport"), _("48 pages, no chip."))),
            ("electronic", described(_("E-passport"), _("With a chip; some gates open faster."))),
        ],
    )
    papers = forms.MultipleChoiceField(
        label=_("Which papers do you have?"),
        widget=forms.CheckboxSelectMultiple,
        choices=[("ktp", _("Identity card")), ("kk", _("Family card")), ("akta", _("Birth certificate"))],
    )
    city = forms.ChoiceField(
        label=_("City"), choices=[("dps", "Denpasar"), ("mks", "Makassar"), ("djj", "Jayapura")]
    )
    reason = forms.CharField(
        label=_("Reason for travel"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    photo = forms.FileField(label=_("Photo of the family card"), required=False)
    true = forms.BooleanField(
        label=_("What I wrote is true"), help_text=_("Untrue answers can end the application.")
    )


@dataclass(frozen=True)
class ShownStep:
    label: Any
    state: str
    when: str = ""


@dataclass(frozen=True)
class ShownState:
    level: str
    works: Any
    waits: Any
    next_update: str


class ShownRefusal(Refused):
    code = "slot-full"
    message = _("This time has just been taken. Please choose another.")


STEPS = [
    ShownStep(_("Applied"), "done", "Sen 16 Nov"),
    ShownStep(_("Paid"), "done", "Sen 16 Nov"),
    ShownStep(_("Visit"), "done", "Sel 24 Nov, 09.30 WITA"),
    ShownStep(_("Checked by the centre"), "now", ""),
    ShownStep(_("Printed"), "todo"),
    ShownStep(_("Ready to collect"), "todo"),
    ShownStep(_("Collected"), "todo"),
]


SHOWN_NOW = datetime(2026, 11, 24, 1, 40, tzinfo=UTC)
ICONS = [
    "left",
    "right",
    "arrow",
    "check",
    "done",
    "info",
    "warn",
    "stop",
    "wrong",
    "quiet",
    "todo",
    "hollow",
    "half",
    "square",
    "now",
    "clock",
    "calendar",
    "pin",
    "user",
    "users",
    "phone",
    "file",
    "camera",
    "pay",
    "printer",
    "passport",
    "search",
    "copy",
    "help",
    "lock",
    "eye",
    "edit",
    "plus",
    "trash",
    "down",
    "bell",
    "ticket",
    "scan",
    "office",
    "shield",
    "again",
    "home",
    "message",
]


LOOKS = {
    "petugas": "ui/shown_staff.html",
    "papan": "ui/shown_board.html",
    "bayar": "ui/shown_public.html",
    "beranda": "ui/shown_hero.html",
    "tunggu": "ui/wait.html",
    "400": "400.html",
    "403": "403.html",
    "403-lama": "403_csrf.html",
    "404": "404.html",
    "409": "409.html",
    "413": "413.html",
    "429": "429.html",
    "500": "500.html",
}


def components(request: HttpRequest) -> HttpResponse:
    """Every component, and with `?rupa=petugas` and so on the base pages around them and the pages of trouble."""
    page = {
        "form": ShownForm(),
        "wrong_form": ShownForm(
            prefix="w", data={"w-name": "", "w-born_day": "31", "w-born_month": "2", "w-born_year": "2001"}
        ),
        "steps": STEPS,
        "shown_refusal": ShownRefusal(),
        "state": ShownState("S1", _("visits, photos, interviews"), _("approval and printing"), "11.30 WITA"),
        "icons": ICONS,
        "due": SHOWN_NOW + timedelta(minutes=95),
        "drawn": SHOWN_NOW,
        "pager": Paginator(range(95), 20).page(2),
    }
    return render(request, LOOKS.get(request.GET.get("rupa", ""), "ui/components.html"), page)
