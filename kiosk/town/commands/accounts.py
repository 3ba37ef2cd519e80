"""`kiosk town add-officer`, and the first officer for systemd/install.sh."""

import sys

import click

from kiosk.common.answers import Hidden, Questions, Wrong
from kiosk.common.terminal import escape
from kiosk.town.accounts import accounts, passwords
from kiosk.town.accounts.accounts import ROLES
from kiosk.town.accounts.errors import AccountError
from kiosk.town.commands.common import Translate, with_town
from kiosk.town.town import Town


@click.command("add-officer")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="officer", show_default=True, help="What NAME may do.")
@click.option("--telephone", default="", help="Shown where NAME has to be called.")
@click.option("--temporary", is_flag=True, help="NAME has to choose another password at the first log-in.")
@with_town
def add_officer(town: Town, by: str, name: str, role: str, telephone: str, temporary: bool) -> None:
    """Let NAME log in to the console: a new account, or a new password for the account of this name.

    The password is asked for; where standard input is no terminal, it is its first line.
    """
    typed = (
        click.prompt("Password", hide_input=True, confirmation_prompt=True)
        if sys.stdin.isatty()
        else sys.stdin.readline().rstrip("\r\n")
    )
    hashed = passwords.hash_password(typed, name)
    with town.store.write() as connection:
        new = accounts.admit(connection, by, name, role, hashed, telephone, temporary=temporary)
    click.echo(escape(f"{name} can log in to the console as {role}." if new else f"{name} has a new password."))


def set_up_first_officer(town: Town, name: str, given: str | None, questions: Questions, _: Translate) -> None:
    """Ask for the first officer's password, unless there is an officer. ``given``: as the file of answers has it.

    Raises :class:`AnswersError`.
    """
    with town.store.read() as connection:
        if accounts.is_there_an_officer(connection):
            return
    if given == "":  # a file of answers from before there was a console
        click.echo(
            escape(_("Nobody can log in to the console yet; run: kiosk town add-officer {name}").format(name=name))
        )
        return
    twice = Hidden(_("The same password again:"), _("The two are not the same; type both again."))
    text = _("Password of {name} for the console, at least {least} characters:")

    def check(typed: str) -> str:
        try:
            return passwords.hash_password(typed, name)
        except AccountError as error:
            raise Wrong(error.text(_)) from None

    hashed = questions.ask("password", text.format(name=name, least=passwords.LEAST), check, twice)
    with town.store.write() as connection:
        accounts.admit(connection, name, name, "officer", hashed, temporary=False)
    click.echo(escape(_("{name} can log in to the console now.").format(name=name)))
