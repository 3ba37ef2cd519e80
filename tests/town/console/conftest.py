"""The console of a real town on loopback, with an officer; and a browser without a window for what needs no script."""

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
import requests
from argon2 import PasswordHasher
from town.conftest import Server

from kiosk.town.accounts import accounts, passwords
from kiosk.town.town import Town

NAME, PASSWORD = "李萍", "水稻 correct horse"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real argon2id, with little memory: a test logs in often."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


class Visitor(requests.Session):
    """Keeps cookies and the token of the page seen last, follows nothing by itself."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.token = ""
        self.trust_env = False

    def look(self, path: str, **more: object) -> requests.Response:
        answer = self.get(self.url + path, allow_redirects=False, timeout=20, **more)  # type: ignore[arg-type]
        if found := re.search(r'name="token" value="([0-9a-f]+)"', answer.text):
            self.token = found[1]
        return answer

    def hidden(self, path: str, action: str = "") -> dict[str, str]:
        """What the page's form carries that nobody types; ``action`` is where it goes, the page itself by default."""
        page = self.look(path).text
        form = page.split(f'<form method="post" action="{action or path.partition("?")[0]}"', 1)[1].split("</form>")[0]
        fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
        return {name: unescape(value) for name, value in fields if name != "token"}

    def submit(self, path: str, headers: dict[str, str] | None = None, **fields: object) -> requests.Response:
        form = {"token": self.token} | fields
        return self.post(self.url + path, data=form, headers=headers, allow_redirects=False, timeout=20)

    def log_in(self, name: str = NAME, password: str = PASSWORD) -> requests.Response:
        self.look("/login")
        answer = self.submit("/login", name=name, password=password)
        self.look("/account")
        return answer


def settled(office: Town, name: str, role: str, password: str = PASSWORD) -> int:
    """An account whose owner has chosen the password."""
    hashed = passwords.hash_password(password, name)
    with office.store.write() as connection:
        number = accounts.add(connection, "test", name, role, hashed)
        accounts.set_password(connection, name, number, hashed, temporary=False)
    return number


@pytest.fixture
def officer_id(office: Town) -> int:
    """The officer Li Ping."""
    return settled(office, NAME, "officer")


@pytest.fixture
def visitor(server: Server, officer_id: int) -> Iterator[Callable[[], Visitor]]:
    """Makes browsers that are not logged in."""
    made: list[Visitor] = []

    def one() -> Visitor:
        made.append(Visitor(server.url))
        return made[-1]

    yield one
    for browser in made:
        browser.close()


@pytest.fixture
def officer(visitor: Callable[[], Visitor]) -> Visitor:
    """A browser of Li Ping, logged in."""
    browser = visitor()
    assert browser.log_in().status_code == 303
    return browser
