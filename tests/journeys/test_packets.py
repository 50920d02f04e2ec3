"""An office prints what the centre signed, and obeys a withdrawal as soon as it can hear of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from openpaspor.applications.models import Application
from openpaspor.facts import Fact
from openpaspor.facts.adjudication import APPROVAL_WITHDRAWN, PacketSigned, Revoked, WithdrawalLifted
from openpaspor.facts.applications import Moved, StopLifted, StopOrdered
from openpaspor.issuance import actions, desk, packets
from openpaspor.issuance.models import Booklet, PrinterLine, PrintJob, SpoilReason
from openpaspor.issuance.tests import make
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.ledger import links, node, wire, worker
from openpaspor.ledger.canonical import canonical
from openpaspor.ledger.models import Conflict, Entry, Link
from openpaspor.nodes.demo.box import Box

pytestmark = pytest.mark.django_db
LATER = make.NOW + timedelta(hours=3)


class Line:
    """Another node as this office hears it: what it says comes when it is delivered."""

    def __init__(self, name: str, role: str, offices: tuple[str, ...] = ()) -> None:
        self.box = Box(name, offices, role)
        self.said: list[tuple[Fact, str, datetime]] = []

    def say(self, *facts: Fact) -> None:
        self.said += [(fact, "S-adj", make.NOW) for fact in facts]

    def arrive(self) -> None:
        """Taken into the log, not read yet."""
        wire.import_lines(self.box.lines(self.said))

    def deliver(self) -> None:
        self.arrive()
        worker.work_until_idle(with_sweeps=False)

    # --- what a centre says ------------------------------------------------------------------------------------

    def approve(self, application: Application) -> None:
        """Received and approved; the packet is another matter."""
        application.refresh_from_db()
        version, term = application.version, application.term
        self.say(
            Moved(
                application=application.ref, move="receive", origin="ENROLLED", target="REVIEW",
                version=version + 1, term=term + 1, custodian="centre",
            ),
            Moved(
                application=application.ref, move="approve", origin="REVIEW", target="APPROVED",
                version=version + 2, term=term + 2, custodian="office",
            ),
        )  # fmt: skip

    def sign(self, application: Application, **changes: object) -> PacketSigned:
        application.refresh_from_db()
        packet = make.packet_for(application, **changes)
        self.say(packet)
        return packet

    def withdraw(self, application: Application) -> None:
        self.say(
            StopOrdered(application=application.ref, reason=APPROVAL_WITHDRAWN),
            Revoked(application=application.ref, reason=APPROVAL_WITHDRAWN, packet=1),
        )

    def lift(self, application: Application) -> None:
        self.say(
            StopLifted(application=application.ref, reason=APPROVAL_WITHDRAWN),
            WithdrawalLifted(application=application.ref, packet=1),
        )


@pytest.fixture
def office(tmp_path) -> Iterator[node.Node]:
    here = node.Node(name="denpasar", role="office", home=tmp_path / "office", offices=("DENPASAR",))
    with node.standing_at(here):
        make.make_stock(count=6)
        yield here


@pytest.fixture
def centre(office) -> Line:
    line = Line("pusat", "centre")
    line.deliver()
    return line


def approved(centre: Line, *, packet: bool = True) -> Application:
    application = make.make_enrolled()
    make.pay(application)
    centre.approve(application)
    centre.deliver()
    if packet:
        centre.sign(application)
        centre.deliver()
    application.refresh_from_db()
    assert application.state == State.APPROVED
    return application


def the_line_is_back(*, everything_came: bool) -> None:
    now = clock.real_now()
    Link.objects.update(answered_at=now, fetched_at=now if everything_came else None)


# --- without a good packet nothing is printed --------------------------------------------------------------


def test_without_a_packet_a_file_waits_and_with_it_it_is_printed_with_no_line(centre):
    application = approved(centre, packet=False)
    with pytest.raises(packets.NoPacket):
        make.print_it(application)
    (held,) = desk.queue_of(make.make_office()).held
    assert (held.application, held.code, held.has_packet) == (application, "no-packet", False)

    centre.sign(application)
    centre.deliver()
    application.refresh_from_db()
    assert [line.word for line in links.line_states()] == ["cut"]
    make.print_it(application)

    job = PrintJob.objects.get()
    sent = Entry.objects.get(kind="issuance.print_sent").values
    assert (job.packet, sent["packet"], sent["job"]) == (1, 1, job.pk)


def test_a_packet_by_another_office_is_none(centre):
    application = approved(centre, packet=False)
    kuta = Line("kuta", "office", ("NGURAH-RAI",))

    kuta.sign(application)
    kuta.deliver()

    with pytest.raises(packets.NoPacket):
        make.print_it(application)
    assert Conflict.objects.get().code == "no-authority"


def test_a_packet_that_this_office_signed_itself_is_forged(centre):
    application = approved(centre, packet=False)
    make.sign_packet(application)
    worker.work_until_idle(with_sweeps=False)
    application.refresh_from_db()

    with pytest.raises(packets.PacketForged):
        make.print_it(application)

    assert not PrintJob.objects.exists() and not PrinterLine.objects.exists()


def test_a_packet_whose_bytes_were_changed_is_forged(centre):
    application = approved(centre)
    entry = Entry.objects.get(kind=PacketSigned.name)
    changed = {**entry.values, "personalisation": "0" * 32}
    body = bytes(entry.body).replace(canonical(entry.values), canonical(changed))
    assert body != bytes(entry.body)
    Entry.objects.filter(pk=entry.pk).update(body=body, fact=canonical(changed).decode())

    with pytest.raises(packets.PacketForged):
        make.print_it(application)


def test_a_packet_for_another_office_is_not_printed_here(centre):
    application = approved(centre, packet=False)
    centre.sign(application, office="BATAM")
    centre.deliver()

    with pytest.raises(packets.PacketElsewhere):
        make.print_it(application)


@pytest.mark.parametrize("changes", [{"years": 5}, {"booklet": "regular"}])
def test_another_booklet_than_the_approved_one_is_not_printed(centre, changes):
    application = approved(centre, packet=False)
    centre.sign(application, **changes)
    centre.deliver()

    with pytest.raises(packets.PacketDiffers):
        make.print_it(application)


def test_other_data_than_the_approved_ones_are_not_printed(centre):
    application = approved(centre, packet=False)
    centre.sign(application, personalisation="0" * 32)
    centre.deliver()
    application.refresh_from_db()

    with pytest.raises(actions.DataChanged):
        make.print_it(application)


def test_a_packet_is_good_for_one_booklet(centre):
    application = approved(centre)
    make.print_it(application)
    spoiled = Booklet.objects.get(serial=application.serial)
    wish = actions.propose_spoil(spoiled, "chip", action_id="p", actor=make.PRINTER, now=make.NOW)
    actions.decide_spoil(wish, agreed=True, action_id="d", actor=make.HEAD, now=make.NOW)
    application.refresh_from_db()

    with pytest.raises(packets.NoPacket):
        actions.print_booklet(application, spoiled.serial, action_id="x", actor="S-1", now=make.NOW)

    centre.sign(application, number=2)
    centre.deliver()
    application.refresh_from_db()
    assert application.serial not in ("", spoiled.serial)
    make.print_it(application)
    assert list(PrintJob.objects.order_by("pk").values_list("packet", flat=True)) == [1, 2]


# --- withdrawn before printing -----------------------------------------------------------------------------


def test_printing_goes_on_while_the_line_is_cut_and_waits_while_withdrawals_are_fetched(centre):
    first, second = approved(centre), approved(centre)
    centre.withdraw(second)  # nobody here knows
    make.print_it(first)

    the_line_is_back(everything_came=False)
    assert desk.line_to_centre() == "catching-up"
    with pytest.raises(packets.WithdrawalsComing):
        make.print_it(second)
    centre.arrive()  # in the log, and not acted on yet
    the_line_is_back(everything_came=True)
    with pytest.raises(packets.ApprovalWithdrawn):
        make.print_it(second)
    worker.work_until_idle(with_sweeps=False)

    second.refresh_from_db()
    assert (second.state, second.reason, second.serial) == (State.REVIEW, APPROVAL_WITHDRAWN, "")
    assert not Booklet.objects.filter(state="allotted").exists()
    assert Entry.objects.filter(kind="applications.moved", application=second.ref).last().node == "denpasar"
    with pytest.raises(packets.ApprovalWithdrawn):
        actions.print_booklet(second, "X0000001", action_id="x", actor="S-1", now=make.NOW)
    assert PrinterLine.objects.count() == 1


def test_a_file_that_comes_back_approved_again_is_printed_under_the_new_packet(centre):
    application = approved(centre)
    centre.withdraw(application)
    centre.deliver()
    application.refresh_from_db()
    assert application.state == State.REVIEW

    centre.lift(application)
    centre.say(
        Moved(
            application=application.ref, move="approve", origin="REVIEW", target="APPROVED",
            version=application.version + 1, term=application.term + 1, custodian="office",
        )
    )  # fmt: skip
    centre.deliver()
    centre.sign(application, number=2)
    centre.deliver()
    application.refresh_from_db()

    assert make.print_it(application).packet == 2


# --- withdrawn after printing ------------------------------------------------------------------------------


def test_what_was_printed_before_the_withdrawal_came_is_on_the_stop_list_and_not_handed_over(centre):
    application = approved(centre)
    make.print_it(application)
    actions.pass_inspection(
        application, make.lines_of(application), action_id="i", actor=make.HEAD, now=make.NOW
    )
    centre.withdraw(application)
    centre.deliver()
    application.refresh_from_db()

    (stop,) = desk.stops_of(make.make_office())
    assert (stop.application, stop.is_withdrawn, stop.asked) == (application, True, False)
    with pytest.raises(packets.ApprovalWithdrawn):
        make.collect(application)
    assert application.state == State.READY

    booklet = Booklet.objects.get(serial=application.serial)
    wish = actions.propose_spoil(booklet, SpoilReason.WITHDRAWN, action_id="p", actor=make.PRINTER, now=LATER)
    actions.decide_spoil(wish, agreed=True, action_id="d", actor=make.HEAD, now=LATER)
    worker.work_until_idle(with_sweeps=False)

    application.refresh_from_db()
    booklet.refresh_from_db()
    assert (application.state, application.serial, booklet.state) == (State.REVIEW, "", "cancelled")
    assert desk.stops_of(make.make_office()) == []


def test_a_withdrawal_that_the_centre_lifts_lets_the_passport_go(centre):
    application = approved(centre)
    make.print_it(application)
    centre.withdraw(application)
    centre.deliver()
    with pytest.raises(packets.ApprovalWithdrawn):
        actions.pass_inspection(
            application, make.lines_of(application), action_id="i", actor=make.HEAD, now=make.NOW
        )

    centre.lift(application)
    centre.deliver()
    application.refresh_from_db()
    actions.pass_inspection(
        application, make.lines_of(application), action_id="i2", actor=make.HEAD, now=make.NOW
    )
    make.collect(application)

    assert application.state == State.COLLECTED


def test_a_stop_of_somebody_else_does_not_hide_a_withdrawal(centre):
    application = approved(centre)
    make.print_it(application)
    centre.say(
        StopOrdered(application=application.ref, reason="money-reversed"),
        Revoked(application=application.ref, reason=APPROVAL_WITHDRAWN, packet=1),
        StopLifted(application=application.ref, reason="money-reversed"),
    )
    centre.deliver()
    application.refresh_from_db()

    assert application.stop_order == ""
    assert [stop.is_withdrawn for stop in desk.stops_of(make.make_office())] == [True]
    with pytest.raises(packets.ApprovalWithdrawn):
        make.collect(application)


def test_a_withdrawal_that_comes_while_nobody_knows_what_the_printer_did_waits_for_that(centre, settings):
    settings.PASSPORT_PRINTER = "tests.journeys.jammed_printer"
    application = approved(centre)
    with pytest.raises(actions.PrintUnknown):
        make.print_it(application)
    centre.withdraw(application)
    centre.deliver()
    application.refresh_from_db()
    assert application.state == State.APPROVED

    actions.resolve_print(PrintJob.objects.get(), printed=True, action_id="r", actor="S-1", now=make.NOW)

    application.refresh_from_db()
    assert application.state == State.PRINTED
    assert [stop.application for stop in desk.stops_of(make.make_office())] == [application]


def test_a_page_that_never_came_out_of_the_printer_goes_back_with_the_withdrawn_approval(centre, settings):
    settings.PASSPORT_PRINTER = "tests.journeys.jammed_printer"
    application = approved(centre)
    with pytest.raises(actions.PrintUnknown):
        make.print_it(application)
    centre.withdraw(application)
    centre.deliver()

    actions.resolve_print(PrintJob.objects.get(), printed=False, action_id="r", actor="S-1", now=make.NOW)
    worker.work_until_idle(with_sweeps=False)

    application.refresh_from_db()
    assert (application.state, application.serial) == (State.REVIEW, "")
