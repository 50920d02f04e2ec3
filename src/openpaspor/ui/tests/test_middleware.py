import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context
from django.test import RequestFactory
from django.utils import translation

from openpaspor.kit.refused import Refused
from openpaspor.ui.middleware import LanguageMiddleware, TextSize
from openpaspor.ui.refusals import RefusedMiddleware, sizes_itself
from openpaspor.ui.templatetags.ui import here_with


class SlotFull(Refused):
    code = "slot-full"
    message = "This time has just been taken."


def speak(request: HttpRequest) -> HttpResponse:
    return HttpResponse(translation.get_language())


def asked(path: str = "/", *, cookies: str = "", **headers: str) -> HttpRequest:
    return RequestFactory().get(path, headers={"cookie": cookies, **headers})


def test_pages_are_indonesian_whatever_the_browser_prefers():
    response = LanguageMiddleware(speak)(asked(**{"accept-language": "en-US"}))

    assert response.content == b"id"
    assert response["Content-Language"] == "id"
    assert not response.cookies


def test_english_is_asked_for_once_and_kept():
    response = LanguageMiddleware(speak)(asked("/?bahasa=en"))

    assert response.content == b"en"
    assert response.cookies["bahasa"].value == "en"
    assert LanguageMiddleware(speak)(asked(cookies="bahasa=en")).content == b"en"


def test_the_address_wins_over_the_cookie():
    response = LanguageMiddleware(speak)(asked("/?bahasa=id", cookies="bahasa=en"))

    assert response.content == b"id"
    assert response.cookies["bahasa"].value == "id"


def test_an_unknown_language_is_indonesian():
    assert LanguageMiddleware(speak)(asked("/?bahasa=klingon", cookies="bahasa=xx")).content == b"id"


def test_larger_text_is_kept():
    request = asked("/?huruf=besar")
    response = TextSize(lambda request: HttpResponse())(request)

    assert request.text_size == "besar"
    assert response.cookies["huruf"].value == "besar"


@pytest.mark.django_db
def test_a_refusal_nobody_caught_becomes_a_page_with_its_code():
    request = asked()
    page = RefusedMiddleware(speak).process_exception(request, SlotFull())

    assert page is not None
    assert page.status_code == 409
    assert 'data-code="slot-full"' in page.content.decode()
    assert "This time has just been taken." in page.content.decode()


def test_other_trouble_is_not_hidden():
    assert RefusedMiddleware(speak).process_exception(asked(), ZeroDivisionError()) is None


def test_the_language_link_keeps_the_rest_of_the_address():
    assert here_with(Context({"request": asked("/kantor?q=a%26b&bahasa=id")}), bahasa="en") == (
        "/kantor?q=a%26b&bahasa=en"
    )


def test_after_a_post_the_language_link_leads_back_to_the_page_of_the_form():
    request = RequestFactory().post("/hold", headers={"referer": "http://testserver/choose?day=3"})

    assert here_with(Context({"request": request}), bahasa="en") == "/choose?day=3&bahasa=en"


def test_a_foreign_referer_is_not_followed():
    request = RequestFactory().post("/hold", headers={"referer": "https://evil.example/x"})

    assert here_with(Context({"request": request}), bahasa="en") == "/?bahasa=en"


@pytest.mark.django_db
def test_a_request_whose_files_were_not_read_in_is_refused_with_our_page(settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    request = RequestFactory().post("/kas/rekonsiliasi/", {"file": "x" * 20})

    page = RefusedMiddleware(speak).process_view(request, speak, (), {})

    assert page is not None
    assert page.status_code == 413
    assert 'data-code="request-too-large"' in page.content.decode()


def test_a_page_that_sizes_requests_itself_gets_them(settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    request = RequestFactory().post("/permohonan/", {"picture": "x" * 20})

    assert (
        RefusedMiddleware(speak).process_view(request, sizes_itself(lambda request: speak(request)), (), {})
        is None
    )
