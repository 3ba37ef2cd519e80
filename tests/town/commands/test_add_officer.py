"""`kiosk town add-officer`: the password comes from standard input, never from the command line."""

from pathlib import Path

from click.testing import CliRunner, Result

from kiosk.town.accounts import accounts, passwords
from kiosk.town.commands.town import town
from kiosk.town.town import Town


def run(office: Town, *words: str, typed: str) -> Result:
    return CliRunner().invoke(town, ["--folder", str(office.folder), "add-officer", *words], input=typed)


def found(office: Town, name: str) -> tuple[accounts.Account, str] | None:
    with office.store.read() as connection:
        return accounts.find(connection, name)


def test_officer_is_added_with_the_password_of_standard_input(office: Town) -> None:
    done = run(office, "李萍", "--telephone", "138", typed="水稻 correct horse\n")
    assert done.exit_code == 0, done.output
    one = found(office, "李萍")
    assert one and (one[0].role, one[0].telephone, one[0].temporary) == ("officer", "138", False)
    assert passwords.fits(one[1], "水稻 correct horse") and "horse" not in done.output


def test_forgotten_password_and_retired_officer_are_let_in_again(office: Town) -> None:
    run(office, "李萍", "--telephone", "138", typed="水稻 correct horse\n")
    run(office, "王五", typed="水稻 correct horse\n")
    one = found(office, "李萍")
    assert one
    with office.store.write() as connection:
        accounts.retire(connection, "王五", one[0].id, one[0].version)
    done = run(office, "李萍", "--temporary", typed="another password\n")
    assert done.exit_code == 0 and "new password" in done.output
    again = found(office, "李萍")
    assert again and again[0].id == one[0].id and again[0].temporary and again[0].telephone == "138"
    assert passwords.fits(again[1], "another password")


def test_weak_or_missing_password_adds_nobody(office: Town) -> None:
    for typed in ("short\n", "", "1234567890\n"):
        done = run(office, "李萍", typed=typed)
        assert done.exit_code == 1 and "Error: " in done.output
    assert found(office, "李萍") is None


def test_there_is_no_option_for_a_password(office: Town, tmp_path: Path) -> None:
    assert run(office, "李萍", "--password", "x", typed="").exit_code == 2
