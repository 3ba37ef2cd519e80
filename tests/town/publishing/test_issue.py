"""What is signed goes up whole: all groups and the notices or none of it, wherever the power goes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from contract.signing import playlist
from msgspec.structs import replace
from sqlalchemy import select
from town.postgres import BOTH
from town.published import accepted, urgent_index

from kiosk.contract import trust
from kiosk.town.database import schema
from kiosk.town.publishing import issue
from kiosk.town.publishing.in_force import playlist_in_force, require_newest
from kiosk.town.publishing.issue import PublishTerms, publication_lock, put_up, sign_notices, sign_playlist
from kiosk.town.town import open_town

BARE = playlist(programmes=(), slots=(), recommended=())


class PowerCut(BaseException):
    """Nothing that the process does comes after it."""


def publish(office, groups, title, along=lambda connection: None):
    terms = PublishTerms("test", along=along)
    with publication_lock(office):
        weeks = [sign_playlist(office, replace(BARE, group=group, title=title), terms) for group in groups]
        put_up(office, [*weeks, sign_notices(office, [], terms)], terms)


def cut_at(number, monkeypatch):
    """The power goes before the step of that number: three files are staged, the database is written, three files
    take their places."""
    steps = iter(range(1, 100))

    def step():
        if next(steps) == number:
            raise PowerCut

    def before(function):
        def stepped(*args, **more):
            step()
            return function(*args, **more)

        return stepped

    monkeypatch.setattr(issue, "write_whole", before(issue.write_whole))
    monkeypatch.setattr(issue, "finish", before(issue.finish))
    monkeypatch.setattr(Path, "replace", before(Path.replace))
    return lambda connection: step()


@BOTH
def test_publication_of_several_groups_is_whole_wherever_the_power_goes(office):
    publish(office, ("all", "north"), "before")
    title, staged = "before", office.public.folder / issue.STAGED
    for number in range(1, 11):  # finish at the lock, 3 staged, the transaction, finish, 3 put up; and one too many
        versions = [accepted(office, group).version for group in ("all", "north")]
        with pytest.MonkeyPatch.context() as patch:
            along = cut_at(number, patch)
            if number < 10:
                with pytest.raises(PowerCut):
                    publish(office, ("all", "north"), f"try {number}", along)
            else:
                publish(office, ("all", "north"), f"try {number}", along)
        issue.finish_broken_off(office)
        title = f"try {number}" if number > 5 else title
        weeks = [accepted(office, group) for group in ("all", "north")]
        assert [week.title for week in weeks] == [title, title], f"cut at step {number}"
        assert ([week.version for week in weeks] == versions) == (number <= 5)
        assert urgent_index(office).version == weeks[1].version + 1
        assert list(staged.iterdir()) == []
        for group in ("all", "north"):
            require_newest(office, playlist_in_force(office, group)[0], group)


def test_what_is_raised_along_keeps_all_unpublished(office):
    publish(office, ("all",), "before")
    with pytest.raises(KeyError):
        publish(office, ("all", "north"), "after", lambda connection: {}["nothing"])
    assert (accepted(office).title, office.public.groups()) == ("before", ["all"])
    publish(office, ("north",), "later")
    assert (accepted(office).title, accepted(office, "north").title) == ("before", "later")
    with office.store.read() as connection:
        titles = connection.execute(select(schema.publication.c.title).order_by(schema.publication.c.version)).scalars()
        assert list(titles) == ["before", "", "later", ""]


def test_a_town_that_starts_finishes_what_was_broken_off_and_leaves_alone_what_another_process_is_about(
    office, monkeypatch
):
    with monkeypatch.context() as patch:
        along = cut_at(6, patch)
        with pytest.raises(PowerCut):
            publish(office, ("all",), "week", along)
    assert office.public.groups() == []
    other = open_town(office.folder)
    try:
        with (office.folder / issue.LOCK_FILE).open("a") as lock:
            issue.fcntl.flock(lock, issue.fcntl.LOCK_EX)
            issue.finish_broken_off(other)
            assert office.public.groups() == []
        issue.finish_broken_off(other)
    finally:
        other.close()
    assert trust.index(
        office.signer.root, office.public.group_path("all").read_bytes(), trust.Held(), datetime.now(UTC)
    )
