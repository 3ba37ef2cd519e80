"""Cookies, tokens, origins and bodies: what pages accept and what they do not."""

import asyncio
import gzip
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from kiosk.common import web

KEY = b"k" * 32


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "scheme": "http", "path": "/", "headers": raw})


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"origin": "http://192.168.1.20:8080"}, True),
        ({"referer": "http://192.168.1.20:8080/?language=en"}, True),
        ({"origin": "http://192.168.1.20:8080", "sec_fetch_site": "same-origin"}, True),
        ({}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://192.168.1.20:8081"}, False),
        ({"origin": "https://192.168.1.20:8080"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://[bad"}, False),
        ({"referer": "http://evil.example/http://192.168.1.20:8080"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"origin": "http://192.168.1.20:8080", "sec_fetch_site": "same-site"}, False),
    ],
)
def test_only_our_own_pages_are_the_same_origin(headers: dict[str, str], ours: bool) -> None:
    assert web.is_same_origin(request(host="192.168.1.20:8080", **headers)) is ours


def test_a_sealed_value_is_read_back_and_a_changed_old_or_foreign_one_is_not() -> None:
    seal = web.Seal(KEY, "session")
    text = seal.close({"device": "d1"})
    assert seal.open(text, 60) == {"device": "d1"}
    assert seal.open(text, -1) == {}, "too old"
    assert seal.open(text[:-2] + "AA", 60) == {}
    assert web.Seal(KEY, "device").open(text, 60) == {}, "sealed for something else"
    assert web.Seal(b"x" * 32, "session").open(text, 60) == {}
    assert seal.open(None, 60) == seal.open("", 60) == seal.open("rubbish", 60) == {}


def test_a_form_token_is_good_for_one_device_and_one_form() -> None:
    token = web.form_token(KEY, "d1", "stop")
    assert web.is_form_token(token, KEY, "d1", "stop")
    assert not web.is_form_token(token, KEY, "d2", "stop")
    assert not web.is_form_token(token, KEY, "d1", "start")
    assert not web.is_form_token(None, KEY, "d1", "stop")
    assert not web.is_form_token("é", KEY, "d1", "stop")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await web.read_body(Request(scope, receive), 10)
    await PlainTextResponse(str(len(body)), headers={"Cache-Control": "max-age=60"})(scope, receive, send)


def post(app: Any, chunks: list[bytes], **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent: list[Message] = []
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": n < len(chunks) - 1} for n, chunk in enumerate(chunks)
    ]

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = request(**headers).scope
    asyncio.run(app(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, sent[1]["body"]


@pytest.mark.parametrize(
    ("chunks", "coding", "status", "words"),
    [
        ([b"x" * 6, b"x" * 5], "identity", 413, "10 bytes"),
        ([gzip.compress(b"x" * 11)], "gzip", 413, "10 bytes"),
        ([gzip.compress(b"")] * 5000, "gzip", 400, "behind the end"),
        ([gzip.compress(b"x")[:-4]], "gzip", 400, "cut short"),
        ([b"no gzip"], "gzip", 400, "not gzip"),
        ([b"x"], "br", 415, "send gzip, or none"),
    ],
)
def test_a_body_that_is_too_long_or_no_sound_gzip_is_refused(
    chunks: list[bytes], coding: str, status: int, words: str
) -> None:
    with pytest.raises(HTTPException, match=words) as refused:
        post(echo, chunks, content_encoding=coding)
    assert refused.value.status_code == status


def test_a_body_up_to_the_limit_is_read_inflated_too() -> None:
    assert post(echo, [b"x" * 6, b"x" * 4])[::2] == (200, b"10")
    assert post(echo, [gzip.compress(b"x" * 10)], content_encoding="gzip")[::2] == (200, b"10")


def test_every_answer_has_the_security_headers_and_keeps_its_own() -> None:
    _, headers, _ = post(web.SecurityHeaders(echo), [b"x"])
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy and "nonce" not in policy
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "max-age=60"
