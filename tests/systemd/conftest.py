"""A service manager for the tests of the units."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from user_session import UserSession


@pytest.fixture
def session(tmp_path: Path) -> Iterator[UserSession]:
    assert shutil.which("unshare") and Path("/lib/systemd/systemd").exists(), "tests/run.sh installs systemd"
    session = UserSession(tmp_path)
    yield session
    session.close()
