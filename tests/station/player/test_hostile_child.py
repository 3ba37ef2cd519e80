"""A file that has taken over the playing process: what ``chaos/hostile_child.py`` tries, as this user."""

import os
import subprocess

import pytest
from chaos.hostile_child import ABIS, as_this_user

STAYS = ("change the volume at the sound server", "let all users of the computer to the X server")
"""What the X and the sound protocol allow to each client and what does not end with it: README names it."""


@pytest.mark.parametrize("abi", ABIS)
def test_hostile_child_can_show_a_picture_and_make_a_sound_and_nothing_else(abi: int) -> None:
    flags = ["--net", "--mount"] if os.getuid() == 0 else ["--user", "--net", "--mount"]
    if subprocess.run(["unshare", *flags, "true"], check=False).returncode:
        pytest.skip("this user may have no namespaces here; what is missing is told (tests/common/test_sandbox.py)")
    found = list(as_this_user(abis=(abi,)))
    assert len(found) > 150
    escaped = [f"{name}: {seen}" for name, seen, held in found if not held and not name.endswith(STAYS)]
    assert escaped == []
