"""Sends a text by a channel, through Apprise. Whatever it says of a failure, no secret of the channel is in it."""

import base64
import hashlib
import logging
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import apprise
import requests
from apprise.attachment.memory import AttachMemory
from apprise.plugins import dingtalk, wecombot

from kiosk.common.messages import mark
from kiosk.town.tickets.channels import Channel, ChannelsError

log = logging.getLogger(__name__)

PHOTO_S = 15
SMS_SCHEMES = {
    *("46elks", "bulksms", "bulkvs", "burstsms", "clickatell", "clicksend", "d7sms", "form", "forms", "httpsms"),
    *("json", "jsons", "kavenegar", "msg91", "msgbird", "nexmo", "plivo", "seven", "sinch", "smpp", "smpps"),
    *("smseagle", "smseagles", "smsmgr", "sns", "twilio", "voipms", "vonage"),
}
"""Of Apprise's kinds those that send an SMS, or call a gateway by HTTP: none that acts on this computer."""
UNUSABLE = mark("This channel cannot be used as it is set.")
UNKNOWN = mark("The other end does not take it, or cannot be reached.")
UNREACHABLE = mark("The other end cannot be reached.")
CAUSES = (
    (r"\b(401|403|530|534|535)\b|authenti|unauthori|credential", mark("It does not accept the name, password or key.")),
    (r"certificate|\bssl\b|\btls\b", mark("The line to it cannot be secured: its certificate is not good.")),
    (r"timed? ?out", mark("It does not answer in time.")),
    (r"\b(404|410|93000)\b|not found", mark("It knows no such address or robot.")),
    (r"\b(429|45009|130101|302033)\b|too many", mark("It takes no more messages for the moment.")),
    (r"\b310000\b", mark("The robot's own rule refuses it: its secret or its keyword does not fit.")),
)
"""What the words of the other end mean, as far as that can be told from them."""
_HIDDEN = "***"
_HOST = re.compile(r"[\w.-]{1,253}|\[[0-9A-Fa-f:.]+\]")


class _Robots:
    """``requests`` for the robots' plugins: they take HTTP 200 for success, and these services say 200 to everything
    and the truth in ``errcode``."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        answer = requests.post(*args, **kwargs)  # noqa: S113 - the plugins set a time limit
        if answer.ok:
            try:
                said = answer.json()
            except ValueError:
                said = {}
            code = said.get("errcode") if isinstance(said, dict) else None
            if code != 0:
                trouble = f"errcode {code}: {said.get('errmsg', '')}" if isinstance(said, dict) else "no errcode"
                apprise.logger.warning("The robot's service refuses it: %s", trouble[:200])
                raise requests.RequestException("errcode")
        return answer


for _plugin in (wecombot, dingtalk):
    vars(_plugin)["requests"] = _Robots()
apprise.logger.propagate = False
for _name in ("apprise", "urllib3"):  # at their lower levels they write whole addresses, secrets and all
    logging.getLogger(_name).setLevel(logging.WARNING)


def send(channel: Channel, title: str, body: str, photo: bytes | None = None) -> str:
    """Send it, with a photo (a JPEG file) where such a channel takes one. Returns what went wrong, as
    :func:`trouble_words` shows it; empty: the other end has taken the text. Takes at most about half a minute."""
    try:
        target = _target(channel)
    except ChannelsError as error:
        return f"{UNUSABLE}\n{error}"
    attached: Any = None
    if photo:
        attached = AttachMemory(photo, name="photo.jpg", mimetype="image/jpeg")  # type: ignore[no-untyped-call]
    attach = attached if target.attachment_support else None
    with apprise.LogCapture(level=apprise.logging.WARNING, fmt="%(message)s") as log:  # type: ignore[no-untyped-call]
        try:
            told = target.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT, attach=attach)
            arrived, failed = told, UNKNOWN
        except Exception as error:  # of a plugin, which may say anything
            arrived, failed = False, f"{type(error).__name__}: {error}"
        said = log.getvalue()
    if arrived:
        if photo and channel.kind == "wecom":
            _send_photo(channel, target.api_url, photo)
        return ""
    lines = said.splitlines()
    telling = [line for line in lines if "onnection error" not in line]
    if lines and not telling:
        return UNREACHABLE
    detail = hidden(channel, " ".join(telling) or failed)
    cause = next((text for pattern, text in CAUSES if re.search(pattern, detail, re.IGNORECASE)), UNKNOWN)
    return f"{cause}\n{'' if detail == cause else detail}".strip()[:400]


def trouble_words(trouble: str, translate: Callable[[str], str]) -> str:
    """What :func:`send` returns, for people: its first line translated, and in brackets the other end's own words."""
    cause, _, detail = trouble.partition("\n")
    return f"{translate(cause)} ({detail})" if detail else translate(cause)


def _send_photo(channel: Channel, url: str, photo: bytes) -> None:
    """The photo as a message of its own, which Apprise has no word for. The text has arrived: sent again it would be
    there twice."""
    image = {"base64": base64.b64encode(photo).decode(), "md5": hashlib.md5(photo, usedforsecurity=False).hexdigest()}
    try:
        answer = requests.post(url, json={"msgtype": "image", "image": image}, timeout=PHOTO_S, allow_redirects=False)
        code = answer.json().get("errcode") if answer.ok else f"HTTP {answer.status_code}"
    except (requests.RequestException, ValueError, AttributeError) as error:
        code = type(error).__name__
    if code != 0:
        log.warning("channel %s: the photo was not taken (%s); the text was", channel.id, code)


def check(channel: Channel) -> None:
    """Raises :class:`ChannelsError` where Apprise can make nothing of the channel."""
    _target(channel)


def hidden(channel: Channel, text: str) -> str:
    """The text without the channel's secrets."""
    for secret in channel.secrets():
        for form in {secret, quote(secret), quote(secret, safe="")}:
            text = text.replace(form, _HIDDEN)
    return text


def address(channel: Channel) -> str:
    """The channel as Apprise writes it; a secret. Raises :class:`ChannelsError`."""
    said = channel.settings
    match channel.kind:
        case "wecom":
            return f"wecombot://{_part(_in_address(said['key'], 'key'))}/"
        case "dingtalk":
            secret = f"{_part(said['secret'])}@" if said.get("secret") else ""
            return f"dingtalk://{secret}{_part(_in_address(said['token'], 'access_token'))}/"
        case "email":
            return _email(said)
        case "webhook":
            return _webhook(said["address"])
        case "sms":
            scheme = said["url"].partition("://")[0].lower()
            if scheme not in SMS_SCHEMES:
                raise ChannelsError(
                    mark("{scheme}:// is no SMS gateway; use one of: {known}"),
                    scheme=scheme[:20],
                    known=", ".join(sorted(SMS_SCHEMES)),
                )
            return said["url"]


def _target(channel: Channel) -> Any:
    asset = apprise.AppriseAsset(async_mode=False, app_id="kiosk", app_desc="kiosk", secure_logging=True)
    target = apprise.Apprise.instantiate(address(channel), asset=asset, suppress_exceptions=True)
    if target is None:
        raise ChannelsError(mark("This address cannot be used; compare it with what the service shows."))
    return target


def _in_address(text: str, name: str) -> str:
    """The value itself, or the one of this name in an address that was copied whole."""
    if "://" not in text:
        return text.strip()
    return next((value for key, value in parse_qsl(urlsplit(text.strip()).query) if key == name), "")


def _email(said: dict[str, str]) -> str:
    login = f"{_part(said['user'])}:{_part(said.get('password', ''))}@" if said.get("user") else ""
    scheme = "mailto" if said["security"] == "insecure" else "mailtos"
    host, port = said["host"].strip(), said["port"].strip()
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise ChannelsError(mark("Fill in: {field}"), field=mark("Port"))
    if not _HOST.fullmatch(host):  # else it could hold options of Apprise's, such as a file to be sent along
        raise ChannelsError(mark("Fill in: {field}"), field=mark("Mail server (SMTP)"))
    query = {"from": said["sender"], "to": said["to"], "smtp": host, "mode": said["security"], "format": "text"}
    return f"{scheme}://{login}{host}:{port}?{urlencode(query)}"


def _webhook(text: str) -> str:
    """An address of the web as Apprise's JSON kind; what stands in its query goes along."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ChannelsError(mark("Write the whole address, from https:// on."))
    query = urlencode([(f"-{key}", value) for key, value in parse_qsl(parts.query)])
    scheme = "jsons" if parts.scheme == "https" else "json"
    return f"{scheme}://{parts.netloc}{parts.path or '/'}" + (f"?{query}" if query else "")


def _part(text: str) -> str:
    return quote(text, safe="")
