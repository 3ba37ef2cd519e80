"""What cannot be done with an account, in a sentence for people."""

from collections.abc import Callable


class AccountError(Exception):
    """An order that makes no sense. ``template`` is a text of the catalogue, a ``str.format`` template."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self._template = template
        self._values = values

    def text(self, translate: Callable[[str], str]) -> str:
        """The sentence in the reader's language."""
        return translate(self._template).format(**self._values)
