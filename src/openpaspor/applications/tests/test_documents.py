"""Photos of papers: what is refused, in which words, and what is left of what is kept."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import ExifTags, Image

from openpaspor.applications import actions, documents, dossier
from openpaspor.applications.answers import Answers
from openpaspor.applications.tests.people import (
    NOW,
    RANI,
    make_draft,
    make_submitted,
    make_user,
    picture,
    signed_in,
    upload,
)
from openpaspor.kit import clock

GPS = b"\x00\x07CANARY-GPS-8.65S"


def with_position() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "CANARY-DESCRIPTION"
    exif[ExifTags.Base.Orientation] = 6  # lies on its side
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = GPS
    return picture((800, 400), exif=exif, comment=b"CANARY-COMMENT", icc_profile=b"CANARY-ICC" * 20)


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "a")
    return out.getvalue()


BAD = {
    "empty": (b"", documents.PictureEmpty),
    "text": (b"hello", documents.NotAPicture),
    "zip": (archive(), documents.NotAPicture),
    "pdf": (b"%PDF-1.7 ...", documents.NotAPicture),
    "gif": (b"GIF89a" + b"\0" * 50, documents.NotAPicture),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", documents.NotAPicture),
    "heic": (b"\0\0\0\x18ftypheic", documents.NotAPicture),
    "jpeg and zip": (picture() + archive(), documents.TwoFilesInOne),
    "jpeg and page": (picture() + b"<SCRIPT>alert(1)</script>", documents.TwoFilesInOne),
    "jpeg and pdf": (picture(comment=b"%PDF-1.7"), documents.TwoFilesInOne),
    "cut jpeg": (picture((1200, 800))[:-400], documents.PictureBroken),
    "only a magic": (b"\xff\xd8\xff", documents.PictureBroken),
    "only a webp header": (b"RIFF\x04\0\0\0WEBP", documents.PictureBroken),
    "cut png": (picture(kind="PNG")[:60], documents.PictureBroken),
    "30,000 x 30,000": (png_that_claims(30_000, 30_000), documents.TooManyPixels),
    "8,000 x 8,000": (png_that_claims(8_000, 8_000), documents.TooManyPixels),
    "60,000 x 1": (png_that_claims(60_000, 60_000), documents.TooManyPixels),
    "11 MB": (b"\xff\xd8\xff" + b"\0" * (11 * 1024 * 1024), documents.PictureTooLarge),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_a_sound_picture_is_refused_with_one_sentence(name):
    content, refusal = BAD[name]

    with pytest.raises(refusal) as caught:
        documents.cleaned(content)

    assert str(caught.value).count(".") <= 2
    assert caught.value.status == (413 if refusal is documents.PictureTooLarge else 422)


@pytest.mark.parametrize(
    "content",
    [
        picture(),
        picture(kind="PNG"),
        picture(kind="WEBP"),
        picture(kind="MPO"),
        picture() + b"\0\0\0\x18ftypmp42" * 9,
    ],
    ids=["jpeg", "png", "webp", "two views", "with a film behind, as phones make"],
)
def test_jpeg_png_and_webp_become_a_jpeg(content):
    assert documents.cleaned(content).startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16", "1"])
def test_every_colour_mode_is_readable(mode):
    out = io.BytesIO()
    Image.new(mode, (300, 200)).save(out, "JPEG" if mode == "CMYK" else "PNG")

    assert Image.open(io.BytesIO(documents.cleaned(out.getvalue()))).mode == "RGB"


def test_a_transparent_picture_gets_a_white_ground():
    kept = Image.open(io.BytesIO(documents.cleaned(picture_with_alpha())))

    assert kept.getpixel((5, 5)) == (255, 255, 255)


def picture_with_alpha() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (60, 40), (0, 0, 0, 0)).save(out, "PNG")
    return out.getvalue()


def test_place_camera_comment_and_colour_profile_are_gone_and_it_stands_upright():
    raw = with_position()
    assert b"CANARY-GPS" in raw and b"CANARY-COMMENT" in raw and b"CANARY-ICC" in raw

    kept = documents.cleaned(raw)

    assert b"CANARY" not in kept and b"Exif" not in kept
    image = Image.open(io.BytesIO(kept))
    assert image.size == (400, 800)
    assert not image.getexif() and "icc_profile" not in image.info and "comment" not in image.info


def test_a_large_photo_is_kept_at_2000_pixels():
    kept = Image.open(io.BytesIO(documents.cleaned(picture((4000, 3000)))))

    assert kept.size == (2000, 1500)


@pytest.mark.parametrize(
    ("content", "doubts"),
    [
        (picture((1200, 800)), ()),
        (picture((400, 300)), ("small",)),
        (picture((1200, 800), colour="#111111"), ("dark",)),
    ],
)
def test_doubts_help_and_do_not_block(content, doubts):
    assert documents.doubts(documents.cleaned(content)) == doubts


# On the page


@pytest.fixture(autouse=True)
def _a_known_day(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def user(db):
    return make_user()


def send(client, application, content, code="ktp", **more):
    return client.post(f"/permohonan/{application.ref}/berkas/{code}/", {"photo": upload(content, **more)})


@pytest.mark.parametrize("name", ["empty", "zip", "jpeg and zip", "cut jpeg", "30,000 x 30,000", "11 MB"])
def test_a_refused_photo_keeps_the_page_and_says_why(user, name):
    draft = make_draft(user)
    content, refusal = BAD[name]

    page = send(signed_in(user), draft, content)

    assert page.status_code == refusal.status
    assert f'data-code="{refusal.code}"' in page.content.decode()
    assert not draft.attachments.exists()


def test_more_than_our_memory_holds_is_refused_before_it_is_read(user):
    page = send(signed_in(user), make_draft(user), b"\xff\xd8\xff" + b"\0" * (13 * 1024 * 1024))

    assert page.status_code == 413
    assert 'data-code="picture-too-large"' in page.content.decode()


def test_a_form_without_a_photo_asks_for_one(user):
    page = signed_in(user).post(f"/permohonan/{make_draft(user).ref}/berkas/ktp/", {})

    assert page.status_code == 422
    assert 'data-code="picture-missing"' in page.content.decode()


def test_the_name_and_type_a_browser_tells_do_not_count(user):
    draft = make_draft(user)

    assert send(signed_in(user), draft, b"MZ...", name="ktp.jpg", kind="image/jpeg").status_code == 422
    assert (
        send(signed_in(user), draft, picture(), name="../../etc/passwd", kind="text/html").status_code == 302
    )


def test_a_photo_from_the_gallery_counts_as_well(user):
    draft = make_draft(user)

    sent = signed_in(user).post(f"/permohonan/{draft.ref}/berkas/ktp/", {"chosen": upload(picture())})

    assert sent.status_code == 302
    assert draft.attachments.live().count() == 1


def test_a_newer_photo_replaces_the_older_and_a_double_click_sends_one(user):
    client, draft = signed_in(user), make_draft(user)
    page = f"/permohonan/{draft.ref}/berkas/ktp/"

    for _time in range(2):
        client.post(page, {"photo": upload(picture()), "nonce": "abcdefgh1234"})
    client.post(page, {"photo": upload(picture(colour="#ffffff")), "nonce": "abcdefgh1234"})

    assert draft.attachments.count() == 2
    assert draft.attachments.live().count() == 1


def test_a_doubtful_photo_is_kept_and_shown_with_the_way_on(user):
    client, draft = signed_in(user), make_draft(user)

    sent = send(client, draft, picture((400, 300)))
    page = client.get(sent.url, {"bahasa": "en"} | {"ragu": "small"})

    assert sent.url.endswith("?ragu=small")
    assert "Use this photo anyway" in page.content.decode()
    assert draft.attachments.live().count() == 1


def test_ones_own_photo_is_shown_and_kept_by_nothing_on_the_way(user):
    client, draft = signed_in(user), make_draft(user)
    send(client, draft, picture())

    page = client.get(f"/permohonan/{draft.ref}/berkas/ktp/gambar")

    assert page.content.startswith(b"\xff\xd8\xff")
    assert page["Content-Type"] == "image/jpeg"
    assert page["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("code", ["kk", "portrait", "tidak-ada"])
def test_a_photo_that_was_not_asked_for_is_404(user, code):
    assert signed_in(user).get(f"/permohonan/{make_draft(user).ref}/berkas/{code}/gambar").status_code == 404
    assert send(signed_in(user), make_draft(user), picture(), code=code).status_code == 404


def test_who_cannot_photograph_brings_the_original(user):
    client, draft = signed_in(user), make_draft(user)

    sent = client.post(f"/permohonan/{draft.ref}/berkas/ktp/bawa/")
    client.post(f"/permohonan/{draft.ref}/berkas/ktp/bawa/")

    answers = dossier.open_answers(draft, actor="worker", why="test", now=NOW)
    assert answers.to_bring == ("ktp",)
    assert sent.url == f"/permohonan/{draft.ref}/berkas/old-passport/"


def test_a_photo_sent_later_takes_the_promise_back(user):
    client, draft = (
        signed_in(user),
        make_draft(user, answers=RANI.with_changes(to_bring=("ktp", "old-passport"))),
    )

    send(client, draft, picture())

    assert dossier.open_answers(draft, actor="worker", why="test", now=NOW).to_bring == ("old-passport",)


def test_no_photo_is_added_after_sending(user):
    sent = make_submitted(user)

    with pytest.raises(actions.MoveRefused):
        actions.keep_paper(sent, "ktp", picture(), action_id="late", actor=user.code, now=NOW)
    assert send(signed_in(user), sent, picture()).status_code == 409


def test_answers_of_a_newer_version_survive_a_photo(user):
    newer = Answers.from_json(b'{"full_name": "Rani", "height_cm": 160}')
    draft = make_draft(user, answers=newer)

    send(signed_in(user), draft, picture())

    assert dossier.open_answers(draft, actor="worker", why="test", now=NOW).further == {"height_cm": 160}
