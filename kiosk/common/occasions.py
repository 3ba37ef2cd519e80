"""The occasions of the record as people read them: the field's Chinese terms, or their English ones."""

from kiosk.common.i18n import Language
from kiosk.contract.occasions import occasion_in_english


def occasion_text(occasion: str, language: Language) -> str:
    """An occasion in words; one that a town has named stays as it was written."""
    return occasion if language == "zh" else occasion_in_english(occasion)
