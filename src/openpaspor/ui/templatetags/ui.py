"""Filters and tags for words on pages: money, times with their zone, references, fields of forms."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import forms, template
from django.forms import BoundField
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.dateformat import format as written
from django.utils.html import format_html
from django.utils.safestring import SafeString

from openpaspor.ui.forms import fresh_nonce

register = template.Library()

ZONE_WORDS = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Jayapura": "WIT",
}


# Money and numbers


@register.filter
def rupiah(amount: int | str | None) -> str:
    """650000 -> Rp650.000, in both languages."""
    if amount is None or amount == "":
        return ""
    amount = int(amount)
    return ("−" if amount < 0 else "") + "Rp" + f"{abs(amount):,}".replace(",", ".")


@register.filter
def ref_groups(code: Any) -> str:
    """A reference or a short code as it is; a long number in groups of four, so that people can read it aloud."""
    text = str(code or "")
    if not text.isdigit() or len(text) <= 6:
        return text
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


@register.filter
def mask_nik(nik: Any) -> str:
    """3174098765430003 -> 3174••••••••0003."""
    text = str(nik or "")
    return text[:4] + "•" * (len(text) - 8) + text[-4:] if len(text) > 8 else "•" * len(text)


# Time: UTC inside, the zone of the office on the page


def zone_of(place: Any) -> ZoneInfo:
    """The zone of an IANA name, a ZoneInfo, or anything with `.timezone` (an office)."""
    place = getattr(place, "timezone", place)
    return place if isinstance(place, ZoneInfo) else ZoneInfo(str(place))


def zone_word(moment: datetime) -> str:
    return ZONE_WORDS.get(str(moment.tzinfo), moment.tzname() or "")


def local(moment: datetime, place: Any) -> datetime:
    return moment.astimezone(zone_of(place) if place else timezone.get_current_timezone())


@register.filter
def when(moment: datetime | None, place: Any = None) -> str:
    """Selasa, 24 November 2026, 09.30 WITA."""
    if not moment:
        return ""
    here = local(moment, place)
    return f"{written(here, 'l, j F Y, H.i')} {zone_word(here)}"


@register.filter
def when_short(moment: datetime | None, place: Any = None) -> str:
    """Sel 24 Nov, 09.30 WITA."""
    if not moment:
        return ""
    here = local(moment, place)
    return f"{written(here, 'D j M, H.i')} {zone_word(here)}"


@register.filter
def day_short(moment: datetime | None, place: Any = None) -> str:
    """Sel 24 Nov."""
    return written(local(moment, place), "D j M") if moment else ""


@register.filter
def hour(moment: datetime | None, place: Any = None) -> str:
    """09.30, where the zone stands beside it."""
    return written(local(moment, place), "H.i") if moment else ""


@register.filter
def clock_time(moment: datetime | None, place: Any = None) -> str:
    """09.30 WITA."""
    if not moment:
        return ""
    here = local(moment, place)
    return f"{written(here, 'H.i')} {zone_word(here)}"


@register.filter
def day(value: date | datetime | None, place: Any = None) -> str:
    """Selasa, 24 November 2026."""
    if not value:
        return ""
    return written(local(value, place) if isinstance(value, datetime) else value, "l, j F Y")


@register.simple_tag
def seconds_left(until: datetime | None, now: datetime | None) -> int:
    return max(0, int((until - now).total_seconds())) if until and now else 0


# Forms


@register.simple_tag
def once_nonce() -> SafeString:
    """A fresh hidden nonce, for a hand-written form read by an ActionForm."""
    return format_html('<input type="hidden" name="nonce" value="{}" autocomplete="off">', fresh_nonce())


@dataclass(frozen=True, kw_only=True)
class FieldParts:
    """What the `field` component needs to know about a bound field."""

    kind: str  # "choices", "date", "check" or "single"
    label: Any
    hint: Any
    hint_id: str
    error_id: str
    described_by: str
    attrs: dict[str, Any]

    @property
    def is_group(self) -> bool:
        return self.kind in ("choices", "date")


def kind_of(field: BoundField) -> str:
    widget = field.field.widget
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, forms.MultiWidget):
        return "date"
    return "check" if isinstance(widget, forms.CheckboxInput) else "single"


@register.simple_tag
def field_parts(field: BoundField, hint: Any = "", width: str = "", label: Any = "") -> FieldParts:
    """Label, hint and error of a field, with the ids that tie them to its widget for a screen reader."""
    hint = hint or field.help_text
    hint_id, error_id = f"{field.auto_id}_hint", f"{field.auto_id}_error"
    described_by = " ".join([hint_id] * bool(hint) + [error_id] * bool(field.errors))
    classes = " ".join(filter(None, [field.field.widget.attrs.get("class"), width and f"w-{width}"]))
    attrs = {"class": classes} if classes else {}
    if described_by and not field.use_fieldset:
        attrs["aria-describedby"] = described_by
    return FieldParts(
        kind=kind_of(field),
        label=label or field.label,
        hint=hint,
        hint_id=hint_id,
        error_id=error_id,
        described_by=described_by,
        attrs=attrs,
    )


@register.simple_tag
def widget(field: BoundField, attrs: dict[str, Any]) -> SafeString:
    return field.as_widget(attrs=attrs)


@register.filter
def first_box(field: BoundField) -> str:
    """The id a link to this field must jump to."""
    return f"{field.auto_id}_0" if field.use_fieldset else str(field.id_for_label)


# Links


@register.simple_tag(takes_context=True)
def here_with(context: template.Context, **changes: Any) -> str:
    """This page's address with some query words changed (None takes one away).

    A page that answers a POST has no address of its own to come back to; then it is the page the form was on.
    """
    request: HttpRequest | None = context.get("request")
    query = QueryDict(mutable=True)
    path = ""
    if request is not None:
        path, words = page_address(request)
        query.update(QueryDict(words))
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"{path}?{query.urlencode()}"


def page_address(request: HttpRequest) -> tuple[str, str]:
    if request.method in ("GET", "HEAD"):
        return request.path, request.META.get("QUERY_STRING", "")
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc == request.get_host():
        return came_from.path, came_from.query
    return "/", ""


@register.simple_tag(takes_context=True)
def page_link(context: template.Context, name: str, number: int) -> str:
    """This page's address, at another page of a list."""
    return here_with(context, **{name: number})
