"""What the page hands to the browser, who may embed it, and from where a browser may talk to the channel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from bot.settings import SettingError, Settings
from bot.web.app import create_app
from bot.web.page import read_languages
from tests.channels.website_server import KEY
from tests.web.stack import running

SITE = "https://www.clinic.example"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("doors")
    with (
        running(folder, embed_origins=(SITE,)) as stack,
        httpx.Client(base_url=stack.address, timeout=20) as http,
    ):
        yield http


def test_every_language_has_every_word() -> None:
    languages = read_languages()
    for code, words in languages.items():
        for part in ("chat", "widget"):
            assert set(words[part]) == set(languages["en"][part]), f"{code}: {part}"


def test_only_the_named_site_may_frame_the_chat_and_show_its_logo_there(http: httpx.Client) -> None:
    framed, other = (http.get(path).headers["content-security-policy"] for path in ("/chat", "/"))
    assert f"frame-ancestors 'self' {SITE}" in framed
    assert f"img-src 'self' data: {SITE};" in framed
    assert "frame-ancestors 'none'" in other
    assert SITE not in other


@pytest.mark.parametrize("path", ["/", "/chat", "/desk/login", "/widget.js", "/static/chat.js", "/nothing"])
def test_browsers_are_told_to_come_by_https_alone_once_they_came_so(http: httpx.Client, path: str) -> None:
    by_https = {"X-Forwarded-Proto": "https"}
    assert http.get(path, headers=by_https).headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in http.get(path).headers
    anybody = httpx.HTTPTransport(local_address="127.0.0.2")  # no proxy that is believed
    with httpx.Client(transport=anybody, base_url=http.base_url) as other:
        assert "strict-transport-security" not in other.get(path, headers=by_https).headers


def test_an_installation_whose_own_address_is_https_says_so_always(tmp_path: Path) -> None:
    env = {"MESOGUIDE_VAR": str(tmp_path), "MESOGUIDE_SECRET": "a secret for tests", "MESOGUIDE_KEYS": KEY}
    settings = Settings.from_env({**env, "MESOGUIDE_PUBLIC_URL": "https://chat.clinic.example"})
    answer = TestClient(create_app(settings)).get("/")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 201), (None, 201)]
)
def test_a_browser_opens_a_chat_only_from_our_own_page(http: httpx.Client, site: str | None, status: int) -> None:
    headers = {"Origin": SITE, **({"Sec-Fetch-Site": site} if site else {})}
    answer = http.post("/webhooks/website/session", headers=headers)
    assert answer.status_code == status
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_the_widget_carries_the_words_and_is_compressed_for_who_can_read_it(http: httpx.Client) -> None:
    packed = http.get("/widget.js", headers={"Accept-Encoding": "gzip"})
    plain = http.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < 60_000
    assert "Ask the clinic" in plain.text


def test_versioned_files_are_kept_for_good_and_others_are_asked_for_again(http: httpx.Client) -> None:
    assert "immutable" in http.get("/static/chat.js?v=1").headers["cache-control"]
    assert "cache-control" not in http.get("/static/chat.js").headers


@pytest.mark.parametrize(
    "wrong", ["*", "www.clinic.example", f"{SITE}/", f"{SITE}/page", "ftp://a.example", "https://a;b"]
)
def test_a_site_that_is_no_origin_is_refused_at_the_start(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SettingError, match="MESOGUIDE_EMBED_ORIGINS"):
        Settings.from_env({"MESOGUIDE_VAR": str(tmp_path), "MESOGUIDE_EMBED_ORIGINS": wrong})


def test_an_unknown_language_or_theme_counts_as_no_wish(http: httpx.Client) -> None:
    page = http.get("/chat?lang=xx&theme=pink").text
    assert '<html lang="en" dir="ltr">' in page
    assert "(prefers-color-scheme: dark)" in page
    assert json.dumps("messenger") in page
