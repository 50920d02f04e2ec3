"""What is asked on the pages of the appointment desk."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from openpaspor.offices.models import Booklet
from openpaspor.ui.forms import ActionForm, DateOfThreeBoxes

from .availability import DayOfOffice
from .calendar_actions import CLOSING_REASONS
from .models import Pot, Slot


class PlaceForm(ActionForm):
    """The one time that was chosen."""

    slot = forms.ModelChoiceField(
        Slot.objects.select_related("office"),
        error_messages={
            "required": _("Choose a time."),
            "invalid_choice": _("This time is no longer there. Choose another."),
        },
    )


class GiveUpForm(ActionForm):
    """Nothing is asked: the button is the deed."""


POT_WORDS = {
    (Pot.ONLINE, Booklet.ELECTRONIC): _("Online, e-passport"),
    (Pot.ONLINE, Booklet.REGULAR): _("Online, regular"),
    (Pot.SAME_DAY, Booklet.ELECTRONIC): _("Same day, e-passport"),
    (Pot.SAME_DAY, Booklet.REGULAR): _("Same day, regular"),
    (Pot.RESCUE, Booklet.ELECTRONIC): _("After a missed visit, e-passport"),
    (Pot.RESCUE, Booklet.REGULAR): _("After a missed visit, regular"),
}


class PotsForm(ActionForm):
    """How many people may come on a day, pot by pot."""

    def __init__(self, *args: Any, day: DayOfOffice, **kwargs: Any) -> None:
        self.pots = {f"{pot.pot}_{pot.booklet}": pot for pot in day.pots if pot.ceiling or pot.offered}
        super().__init__(*args, **kwargs)
        for name, pot in self.pots.items():
            self.fields[name] = forms.IntegerField(
                label=POT_WORDS[Pot(pot.pot), Booklet(pot.booklet)],
                help_text=_("%(taken)s taken, at most %(ceiling)s")
                % {"taken": pot.taken, "ceiling": pot.ceiling},
                initial=pot.offered,
                min_value=0,
                max_value=pot.ceiling,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
                error_messages={
                    "required": _("Enter a number, 0 for none."),
                    "invalid": _("Enter a whole number."),
                    "min_value": _("Enter a number, 0 for none."),
                    "max_value": _("The centre allows at most %(limit_value)s people here."),
                },
            )

    def changes(self) -> list[tuple[str, str, int]]:
        """Pot, booklet and people of every number that was changed."""
        return [
            (pot.pot, pot.booklet, self.cleaned_data[name])
            for name, pot in self.pots.items()
            if self.cleaned_data[name] != pot.offered
        ]


class CloseDayForm(ActionForm):
    reason = forms.ChoiceField(
        label=_("Why is the office closed?"),
        help_text=_("It is kept with the re-booking list."),
        choices=list(CLOSING_REASONS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason.")},
    )


class ShortageForm(ActionForm):
    """Which kind of booklet is out, and until when."""

    booklet = forms.ChoiceField(label=_("Kind of booklet"), choices=Booklet.choices)
    until = DateOfThreeBoxes(
        label=_("No booklets until"),
        help_text=_("The first day on which you have them again."),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if until <= self.today:
            raise ValidationError(_("Choose a day that is still to come."))
        return until


class AgainForm(ActionForm):
    """Booklets of this kind have come."""

    booklet = forms.ChoiceField(choices=Booklet.choices)
