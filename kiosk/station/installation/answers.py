"""What the installer of a station is asked; systemd/answers.example.toml explains each."""

from typing import Literal

import msgspec


class StationAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """The answers for one station. Either ``code`` or ``code_file`` is given."""

    town: str = ""
    code: str = ""
    code_file: str = ""
    pin: str = ""
    picture: Literal["", "unattended"] = ""
    """Whether nobody looks at the test picture; empty: a person is asked."""
    sound: Literal["", "unattended"] = ""
