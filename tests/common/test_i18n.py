"""The catalogue is whole, and what is installed is what is written."""

import re
import string
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import kiosk
from kiosk.common.i18n import pick, translator

PACKAGE = Path(kiosk.__file__).parent
CATALOGUE = PACKAGE / "common/locale/zh_CN/LC_MESSAGES/kiosk.po"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]


def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_CN", abort_invalid=True)


def used() -> dict[str, str]:
    """Every text in the code and the templates, and where it stands."""
    return {
        str(text): f"{file}:{line}"
        for file, line, text, *_ in extract_from_dir(str(PACKAGE), METHODS, keywords={"_": None, "mark": None})
    }


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_installed_catalogue_is_what_babel_compiles_from_the_source() -> None:
    compiled = BytesIO()
    write_mo(compiled, catalogue())
    compiled.seek(0)
    wanted = {entry.id: entry.string for entry in read_mo(compiled) if entry.id}  # the header says when it was made
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        installed = {entry.id: entry.string for entry in read_mo(file) if entry.id}
    assert installed == wanted, "kiosk.mo is out of date; kiosk/common/i18n.py says how to compile it"
    assert len(installed) > 20


def test_every_text_in_the_code_is_in_the_catalogue_and_translated() -> None:
    found = catalogue()
    missing = [
        f"{where}: {text!r}" for text, where in used().items() if not (entry := found.get(text)) or not entry.string
    ]
    assert not missing, "not translated:\n" + "\n".join(missing)


def test_the_catalogue_holds_nothing_that_is_no_longer_used() -> None:
    texts = used()
    assert [entry.id for entry in catalogue() if entry.id and entry.id not in texts] == []


def test_a_translation_has_the_parameters_of_its_text() -> None:
    wrong = [entry.id for entry in catalogue() if entry.id and fields(str(entry.id)) != fields(str(entry.string))]
    assert wrong == []


def test_a_translation_is_chinese() -> None:
    han, word = re.compile(r"[一-鿿]"), re.compile(r"[A-Za-z]")
    worded = [entry for entry in catalogue() if entry.id and word.search(re.sub(r"{.*?}", "", str(entry.id)))]
    assert len(worded) > 20
    assert [entry.id for entry in worded if not han.search(str(entry.string))] == []


def test_translator_speaks_both_languages() -> None:
    assert translator("zh")("Restart the PC.") == "请重启电脑。"
    assert translator("en")("Restart the PC.") == "Restart the PC."
    assert translator("zh")("not in the catalogue") == "not in the catalogue"


def test_an_empty_text_stays_empty() -> None:
    assert translator("zh")("") == ""


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="zh, en"):
        translator("fr")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "language"), [("zh-CN", "zh"), ("en-GB", "en"), ("EN", "en"), ("fr", "zh"), ("", "zh"), (None, "zh")]
)
def test_pick_finds_the_nearest_language(wanted: str | None, language: str) -> None:
    assert pick(wanted) == language
