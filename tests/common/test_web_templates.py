"""Templates, style sheets and scripts of a site."""

from pathlib import Path

import jinja2
import pytest

from kiosk.common.web_templates import file_routes, templates_of


def test_address_of_a_style_sheet_changes_with_its_contents(tmp_path: Path) -> None:
    found = []
    for text in ("a {}", "b {}"):
        folder = tmp_path / text[0]
        folder.mkdir()
        (folder / "site.css").write_text(text)
        (folder / "page.html").write_text("{{ files['site.css'] }} {{ name }}")
        found.append(templates_of(folder).environment.get_template("page.html").render(name="<b>"))
        assert [route.path for route in file_routes(folder)] == ["/site.css"]
    assert found[0] != found[1]
    assert all(text.startswith("/site.css?") and text.endswith("&lt;b&gt;") for text in found)


def test_template_that_is_wrong_is_found_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{% if %}")
    with pytest.raises(jinja2.TemplateSyntaxError):
        templates_of(tmp_path)
