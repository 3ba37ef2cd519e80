"""By what the town tells people: WeCom, DingTalk, e-mail, SMS gateways; with their secrets, in one private file."""

import fcntl
import os
import stat
from datetime import time
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from kiosk.common.files import write_whole
from kiosk.common.i18n import Language
from kiosk.common.messages import Message, mark
from kiosk.contract.wire import Id
from kiosk.town.tickets.life_cycle import Limits

FILE, LOCK_FILE = "messages.json", ".messages.lock"
MAX_BYTES = 256 * 1024
MOST_CHANNELS, MOST_FIELD = 20, 1000

Kind = Literal["wecom", "dingtalk", "email", "webhook", "sms"]
About = Literal["faults", "activities"]
ABOUT: dict[About, str] = {
    "faults": mark("faults, and rooms that are not heard"),
    "activities": mark("activities that rooms want passed on to their group's chat"),
}


class Field(NamedTuple):
    """What a channel of a kind is told by. ``secret``: it is never shown again."""

    name: str
    label: str
    required: bool = True
    secret: bool = False
    choices: tuple[str, ...] = ()


KINDS: dict[Kind, str] = {
    "wecom": mark("WeCom group robot"),
    "dingtalk": mark("DingTalk group robot"),
    "email": mark("E-mail"),
    "webhook": mark("Web address (webhook)"),
    "sms": mark("SMS gateway"),
}
FIELDS: dict[Kind, tuple[Field, ...]] = {
    "wecom": (Field("key", mark("Address or key of the robot"), secret=True),),
    "dingtalk": (
        Field("token", mark("Address or access token of the robot"), secret=True),
        Field("secret", mark("Secret of the robot (SEC...)"), required=False, secret=True),
    ),
    "email": (
        Field("to", mark("To (several with commas)")),
        Field("sender", mark("From")),
        Field("host", mark("Mail server (SMTP)")),
        Field("port", mark("Port")),
        Field("security", mark("Security"), choices=("ssl", "starttls", "insecure")),
        Field("user", mark("User"), required=False),
        Field("password", mark("Password"), required=False, secret=True),
    ),
    "webhook": (Field("address", mark("Web address (https://...)"), secret=True),),
    "sms": (Field("url", mark("Address in the form of Apprise (such as forms://...)"), secret=True),),
}


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to tell people."""

    id: Id
    name: str
    kind: Kind
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    """By the names of :data:`FIELDS`."""
    language: Language = "zh"
    quiet_from: str = "21:30"
    """From this time of day ..."""
    quiet_to: str = "07:00"
    """... to this one nothing is sent; the same time twice: always sent."""
    active: bool = True
    about: About = "faults"
    """What it tells of."""
    group: str = ""
    """Of activities: those of the rooms of this group; empty: of all."""

    def passes_on(self, group: str) -> bool:
        """Whether it tells of the activities of a group's rooms."""
        return self.active and self.about == "activities" and self.group in ("", group)

    def __repr__(self) -> str:
        return f"Channel({self.id!r}, {self.kind!r})"  # no secret in a log

    def is_quiet(self, at: time) -> bool:
        """Whether nothing is sent at this local time of day."""
        begins, ends = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_to)
        return begins <= at < ends if begins <= ends else at >= begins or at < ends

    def secrets(self) -> tuple[str, ...]:
        """What must not be seen, longest first."""
        names = [field.name for field in FIELDS[self.kind] if field.secret]
        return tuple(sorted((self.settings[name] for name in names if self.settings.get(name)), key=len, reverse=True))


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that the town has set about messages. ``version`` counts the changes."""

    version: int = 0
    limits: Limits = Limits()
    channels: tuple[Channel, ...] = ()


class ChannelsError(Exception):
    """The file cannot be used, or what should be put there; ``message`` says what and why, for people."""

    def __init__(self, text: str, **values: str) -> None:
        super().__init__(text.format(**values))
        self.message = Message(text, values)


def read_settings(folder: Path) -> Settings:
    """The settings of the town in ``folder``. Raises :class:`ChannelsError`."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise ChannelsError(
                    mark("{path}: other users can read it, and it holds secrets; run: chmod 600 {path}"), path=str(path)
                )
            data = file.read(MAX_BYTES)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise ChannelsError(
            mark("{path} cannot be read: {why}"), path=str(path), why=error.strerror or str(error)
        ) from None
    try:
        return msgspec.json.decode(data, type=Settings)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise ChannelsError(
            mark("{path} cannot be used ({why}); put it right, or move it away and set the channels anew"),
            path=str(path),
            why=str(error),
        ) from None


def keep_settings(folder: Path, settings: Settings, seen: int) -> None:
    """Replace the settings; ``seen`` is the version that the officer saw. Raises :class:`ChannelsError`."""
    if len(settings.channels) > MOST_CHANNELS:
        raise ChannelsError(mark("There are {count} channels at most."), count=str(MOST_CHANNELS))
    data = msgspec.json.encode(msgspec.structs.replace(settings, version=seen + 1))
    try:
        with (folder / LOCK_FILE).open("a") as lock:  # two officers at the same moment come one after the other
            fcntl.flock(lock, fcntl.LOCK_EX)
            if read_settings(folder).version != seen:
                raise ChannelsError(mark("Somebody else has changed this meanwhile. Look at it once more."))
            write_whole(folder / FILE, data, 0o600)
    except OSError as error:
        raise ChannelsError(
            mark("{path} cannot be written: {why}"), path=str(folder / FILE), why=error.strerror or str(error)
        ) from None


def check(channel: Channel) -> None:
    """Raises :class:`ChannelsError` for what cannot be right by its form."""
    if not channel.name.strip() or len(channel.name) > 100:
        raise ChannelsError(mark("Give the channel a name."))
    for field in FIELDS[channel.kind]:
        value = channel.settings.get(field.name, "")
        wrong = (field.required and not value) or len(value) > MOST_FIELD or not value.isprintable()
        if wrong or (value and field.choices and value not in field.choices):
            raise ChannelsError(mark("Fill in: {field}"), field=field.label)
    for text in (channel.quiet_from, channel.quiet_to):
        try:
            time.fromisoformat(text)
        except ValueError:
            raise ChannelsError(mark("Write the quiet hours as 21:30.")) from None
