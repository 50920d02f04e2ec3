"""The road of one passport, from the start page to the hand-over, by clicks and typing alone."""

from __future__ import annotations

import io
import re

import pytest

from .people import FACE, PAPER, Person, World, scan

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {True: "081234500001", False: "081234500002"}
NIK = {True: "5171014101850011", False: "5171014101850022"}
TITLES = {"ktp": "(KTP)", "old-passport": "Paspor lama"}
NAME = {True: "Made Ayu Lestari", False: "Suharto"}


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_one_passport_from_start_to_hand_over(server, browser, script):
    world = World(server.url)
    rani = Person(browser, server.url, script=script, width=390)

    ref = applies_at_home(rani, world, script)
    chooses_a_place_and_pays(rani, ref)
    pass_text = holds_a_pass(rani, ref)

    officer = Person(browser, server.url, script=script)
    is_received_and_called(rani, officer, ref, pass_text)
    is_served_at_the_counter(rani, officer, ref, script)

    centre = Person(browser, server.url, script=script)
    is_approved(rani, centre, world, ref)

    printer = Person(browser, server.url, script=script)
    is_printed(rani, printer, ref, script)
    is_handed_over(rani, officer, ref, script)

    if script:
        answer = server.ask("ledger", "verify")
        assert answer["first_bad"] is None
        bad = [row for row in server.ask("invariants")["results"] if row["status"] == "fail"]
        assert not bad, bad


def applies_at_home(rani: Person, world: World, script: bool) -> str:
    """Questions, sign-in by code, the pages of the form, papers, and the statement of truth."""
    rani.goes("/")
    rani.clicks("Mulai permohonan")
    rani.chooses(whose="adult", had="expired", travel="later", booklet="electronic", years="10")
    rani.clicks("Lanjut|Lihat")
    rani.sees("Rp950.000")
    rani.clicks("Mulai permohonan")
    if rani.at == "accounts:sign_in":
        rani.types(phone=PHONE[script])
        rani.clicks("Kirim kode|Lanjut|kode")
        rani.types(code=world.code_for(PHONE[script]))
        rani.clicks("Masuk|Lanjut|Verifikasi")
    if rani.at != "applications:tasks":
        rani.clicks("Mulai permohonan|Buat")
    assert rani.at in ("applications:tasks", "applications:fill"), rani.at
    ref = re.search(r"OP-\w{4}-\w{4}", rani.page.url).group()  # type: ignore[union-attr]
    fills_in(rani, ref, script)
    rani.goes(f"/permohonan/{ref}/periksa/")
    rani.sees(NAME[script], "<" if len(NAME[script].split()) > 1 else NAME[script].upper())
    rani.ticks("truth")
    rani.clicks("Nyatakan")
    rani.goes(f"/permohonan/{ref}/status/")
    assert rani.state == "SUBMITTED"
    return ref


def fills_in(rani: Person, ref: str, script: bool) -> None:
    rani.goes(f"/permohonan/{ref}/isi/identitas/")
    rani.types(full_name=NAME[script], nik=NIK[script], birth_place="Denpasar")
    rani.writes_date("born", 1, 1, 1985)
    rani.chooses(sex="F", civil_status="single")
    rani.clicks("Simpan")
    rani.goes(f"/permohonan/{ref}/isi/kontak/")
    rani.types(phone=PHONE[script], address="Jalan Contoh 1, Denpasar")
    rani.clicks("Simpan")
    rani.goes(f"/permohonan/{ref}/isi/paspor-lama/")
    rani.types(old_number="B1234567")
    rani.writes_date("old_expires_on", 1, 2, 2027)
    rani.chooses(old_reason="expired", old_place="indonesia")
    rani.clicks("Simpan")
    rani.goes(f"/permohonan/{ref}/isi/perjalanan/")
    rani.chooses(purpose="tourism")
    rani.clicks("Simpan")
    for paper in ("ktp", "old-passport"):
        rani.goes(f"/permohonan/{ref}/berkas/{paper}/")
        rani.shows("photo", PAPER)
        if not script:  # with script, choosing is sending
            rani.clicks("Kirim foto")
        rani.page.locator(f"main:not(:has(h1:has-text('{TITLES[paper]}'))), figure.paper").first.wait_for()


def chooses_a_place_and_pays(rani: Person, ref: str) -> None:
    rani.goes(f"/permohonan/{ref}/waktu/?kantor=DENPASAR")
    rani.page.locator("input[name=slot]:not([disabled]) + label").first.click()
    rani.clicks("Simpan (waktu|slot|tempat)")
    rani.sees("Rp950.000")
    rani.clicks("Buka bank demo")
    rani.clicks("Bayar")
    rani.waits_for("BOOKED", path=f"/permohonan/{ref}/status/")
    rani.sees("janji|datang")


def holds_a_pass(rani: Person, ref: str) -> str:
    """The page, its QR and its PDF say the same."""
    rani.goes(f"/permohonan/{ref}/bukti/")
    rani.sees(ref, "Denpasar")
    (text,) = scan(rani.page.locator("main svg[role=img], main img").first.screenshot())
    assert text.startswith("OP2:")
    answer = rani.page.request.get(f"/permohonan/{ref}/bukti.pdf")
    assert answer.body().startswith(b"%PDF")
    from pypdf import PdfReader

    assert ref in PdfReader(io.BytesIO(answer.body())).pages[0].extract_text()
    return text


def is_received_and_called(rani: Person, officer: Person, ref: str, pass_text: str) -> None:
    rani.goes("/demo/")
    rani.clicks("janji saya|Ke janji")
    officer.becomes("petugas.denpasar")
    if officer.page.locator("[name=number]:visible").count():
        officer.types(number="1")
        officer.clicks("Buka loket")
    officer.clicks("Ada yang datang")
    officer.types(what=pass_text)
    officer.clicks("Cari")
    officer.sees(ref)
    officer.clicks("Beri nomor")
    officer.sees(r"[AP] \d{3}")
    rani.goes(f"/permohonan/{ref}/status/")
    assert rani.state == "ARRIVED"
    for _turn in range(60):
        officer.goes("/petugas/")
        if not officer.button("Panggil berikutnya").is_visible():
            if ref in officer.words():
                return
            officer.clicks("Tidak hadir")
            continue
        officer.clicks("Panggil berikutnya")
        if ref in officer.words():
            return
    raise AssertionError("never called")


def is_served_at_the_counter(rani: Person, officer: Person, ref: str, script: bool) -> None:
    officer.clicks("Buka berkas")
    assert officer.at == "intake:case"
    officer.clicks("Identitas cocok|cocok")
    for paper in ("ktp", "old-passport"):
        officer.page.locator(f"form[action*='/kertas/{paper}/nilai/'] button").first.click()
        officer.page.wait_for_load_state()
    officer.goes(f"/petugas/berkas/{ref}/?bagian=interview")
    for question in ("purpose", "company", "funding"):
        box = officer.page.locator(f"input[name={question}]").first
        officer.page.locator(f"label[for={box.get_attribute('id')}]").first.click()
    officer.clicks("Simpan jawaban")
    officer.goes(f"/petugas/berkas/{ref}/?bagian=photo")
    officer.shows("photo", FACE)
    officer.clicks("Simpan foto|Pakai foto")
    officer.goes(f"/petugas/berkas/{ref}/?bagian=summary")
    officer.clicks("Selesai")
    officer.sees("Siap paling lambat")
    rani.waits_for("REVIEW", path=f"/permohonan/{ref}/status/")
    rani.sees("pusat")


def is_approved(rani: Person, centre: Person, world: World, ref: str) -> None:
    centre.becomes("adjudikator1.pusat")
    for _case in range(40):
        centre.goes("/pusat/")
        centre.clicks("Ambil berkas berikutnya|Ambil|Buka")
        if ref in centre.page.url:
            break
        centre.opens("tidak bisa memutuskan")
        centre.clicks("Teruskan ke orang lain")
    assert ref in centre.page.url
    centre.chooses(verdict="approve")
    centre.clicks("Putuskan")
    rani.goes(f"/permohonan/{ref}/status/")
    assert rani.state == "REVIEW"  # it can still be taken back
    world.move_clock(advance="PT2M")
    rani.waits_for("APPROVED", path=f"/permohonan/{ref}/status/")
    rani.sees("setuju|dicetak")


def is_printed(rani: Person, printer: Person, ref: str, script: bool) -> None:
    """The wrong booklet stops everything; the right one is printed, read back and shelved."""
    printer.becomes("cetak.denpasar")
    printer.goes(f"/cetak/{ref}/")
    serial = printer.page.locator(".scan-serial b").inner_text()
    scans(printer, "X9999999")
    printer.sees("Berhenti")
    printer.goes(f"/cetak/{ref}/")
    scans(printer, serial)
    page = printer.page.request.get(f"/cetak/{ref}/halaman.pdf")
    lines = machine_lines(page.body())
    assert lines[1].startswith(serial[:8])
    assert_right(lines)
    printer.goes(f"/cetak/{ref}/")
    printer.types(lines="\n".join(lines))
    printer.clicks("Keempatnya|ke rak")
    printer.sees(r"\w+-\d+-\d+")
    rani.waits_for("READY", path=f"/permohonan/{ref}/status/")
    rani.sees("siap diambil")


def scans(printer: Person, serial: str) -> None:
    """A scanner types into the field that waits for it, and ends with Enter."""
    printer.page.locator("#print-form [name=serial]").fill(serial)
    printer.page.locator("#print-form [name=serial]").press("Enter")
    printer.page.wait_for_load_state()


def machine_lines(pdf: bytes) -> list[str]:
    from pypdf import PdfReader

    text = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    lines = re.findall(r"[A-Z0-9<]{44}", text)
    assert len(lines) == 2, text
    return lines


def assert_right(lines: list[str]) -> None:
    """A library that is not ours finds every check digit right."""
    from mrz.checker.td3 import TD3CodeChecker

    checker = TD3CodeChecker("\n".join(lines), check_expiry=False)
    assert checker.report.falses == [] or checker.result, checker.report.falses


def is_handed_over(rani: Person, officer: Person, ref: str, script: bool) -> None:
    officer.goes(f"/cetak/serah/{ref}/")
    officer.types(nik=NIK[script], old_number="B1234567")
    officer.ticks("old_cancelled")
    officer.ticks("signed")
    officer.clicks("Serahkan")
    rani.goes(f"/permohonan/{ref}/status/")
    assert rani.state == "COLLECTED"
    rani.sees("diserahkan|selesai", "membuka berkas")
