"""Words in Chinese and English: English message ids, translations read from .po at start-up."""

import gettext
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES: Mapping[str, str] = {"zh": "中文", "en": "English"}
DEFAULT = "zh"
COOKIE = "hub_locale"
FOLDER = Path(__file__).parent / "locale"


@cache
def translations(locale: str) -> NullTranslations | gettext.NullTranslations:
    """The catalogue of `zh` or `en`; English is what the message ids say."""
    if locale == "en":
        return NullTranslations()
    with (FOLDER / "zh_CN" / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale="zh_CN")
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def negotiate(*, chosen: str, cookie: str, accept: str) -> str:
    """The reader's language: by account, by cookie, by what the browser prefers; else Chinese."""
    for wish in (chosen, cookie):
        if wish[:2] in LOCALES:
            return wish[:2]
    for part in accept.split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in LOCALES:
            return tag
    return DEFAULT


def msgid(words: str) -> str:
    """Marks English words that are translated where they are shown, for the catalogue's sake."""
    return words
