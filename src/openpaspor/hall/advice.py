"""What to tell a visitor whose application cannot get a number in the hall, one sentence per state."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openpaspor.journey import State

ADVICE: dict[str, Any] = {
    State.DRAFT: _(
        "This application was not sent yet. Help to finish it and choose a time, or give a walk-in number: "
        "the counter writes it up."
    ),
    State.HOLDING: _(
        "A place is held but not paid yet. Once the bill is paid, this visitor can be received with the same code."
    ),
    State.ENROLLED: _("The visit is done and the file is on its way to the centre. Nothing is needed today."),
    State.REVIEW: _("The centre is checking this application. The visitor need not come unless we call."),
    State.APPROVED: _("Approved, and waiting to be printed. We send a message when the passport is ready."),
    State.PRINTED: _("The passport is being checked. We send a message when it is ready."),
    State.COLLECTED: _("This passport was handed over already."),
    State.REFUSED: _("This application was not approved. The tracker shows the reasons and how to object."),
    State.DEFERRED: _("This application was put off. The tracker shows the reasons and the date."),
    State.WITHDRAWN: _(
        "The applicant took this application back. A new one is needed: give a walk-in number."
    ),
    State.EXPIRED: _("This application has run out. A new one is needed: give a walk-in number."),
    State.UNCOLLECTED: _(
        "This passport was not collected in time and is cancelled. A new application is needed."
    ),
}

STATE_WORDS: dict[str, Any] = {
    State.DRAFT: _("being filled in"),
    State.SUBMITTED: _("sent, no time yet"),
    State.HOLDING: _("place held, not paid"),
    State.BOOKED: _("has an appointment"),
    State.ARRIVED: _("in the hall"),
    State.INCOMPLETE: _("papers owed"),
    State.ENROLLED: _("on its way to the centre"),
    State.REVIEW: _("at the centre"),
    State.ASKED: _("the centre asks"),
    State.APPROVED: _("approved, to be printed"),
    State.PRINTED: _("printed, being checked"),
    State.READY: _("ready to collect"),
    State.COLLECTED: _("handed over"),
    State.REFUSED: _("not approved"),
    State.DEFERRED: _("put off"),
    State.WITHDRAWN: _("taken back"),
    State.EXPIRED: _("run out"),
    State.MISSED: _("did not come"),
    State.UNCOLLECTED: _("not collected"),
}
