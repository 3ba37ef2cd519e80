"""A PostgreSQL server of the tests' own, reached by a socket in its folder."""

import importlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

import kiosk.town
from kiosk.town.database import schema
from kiosk.town.database.store import open_store

for rooms in Path(kiosk.town.__file__).parent.glob("*/schema.py"):
    importlib.import_module(f"kiosk.town.{rooms.parent.name}.schema")

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
"""A module's tests on both databases: what they say must not differ."""
TOWN = f"kiosk_{os.getpid()}"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "listen_addresses=")


class Postgres:
    """Debian's newest one, started here; or the server at ``KIOSK_TEST_POSTGRES`` (a postgresql+psycopg URL of a
    database whose user may make others)."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._names: list[str] = []
        self._server = make_url(os.environ.get("KIOSK_TEST_POSTGRES") or self._begin())
        self._make(TOWN)
        open_store(self._url(TOWN)).close()

    def new_database(self) -> str:
        """A town's database without a row; gives its URL. The one before is emptied: a test has one town."""
        names = ", ".join(f'"{table.name}"' for table in schema.metadata.sorted_tables)
        url = self._server.set(database=TOWN, drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"TRUNCATE {names} RESTART IDENTITY")
        return self._url(TOWN)

    def empty_database(self) -> str:
        """A database without tables; gives its URL."""
        name = f"{TOWN}_{len(self._names)}"
        self._make(name)
        return self._url(name)

    def stop(self) -> None:
        if self._process is None or self._folder is None:
            with self._admin() as connection:
                for name in self._names:
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            return
        self._process.send_signal(signal.SIGQUIT)  # its data is thrown away: it need not be put in order
        self._process.wait(30)
        shutil.rmtree(self._folder)

    def _make(self, name: str) -> None:
        with self._admin() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        self._names.append(name)

    def _url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        url = self._server.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True)

    def _begin(self) -> str:
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None  # the server refuses to run as root
        whose = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()} if user else {}
        self._folder = folder = Path(tempfile.mkdtemp(prefix="kiosk-postgres-"))
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data, log = folder / "data", (folder / "log").open("wb")
        make = ("initdb", "-D", data, "-U", "kiosk", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        subprocess.run([programs / make[0], *make[1:]], check=True, stdout=log, stderr=log, cwd=folder, **whose)  # type: ignore[call-overload]
        settings = [word for setting in (*QUICK, f"unix_socket_directories={folder}") for word in ("-c", setting)]
        self._process = subprocess.Popen(  # type: ignore[call-overload]
            [programs / "postgres", "-D", data, *settings], stdout=log, stderr=log, cwd=folder, **whose
        )
        url = f"postgresql+psycopg://kiosk@/postgres?host={folder}"
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(f"postgresql://kiosk@/postgres?host={folder}").close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.05)
            else:
                return url
