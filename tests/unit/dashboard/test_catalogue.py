"""Every message of the pages has a Chinese translation that fills the same placeholders."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from dashboard.web import labels

ROOM = Path(__file__).parents[3] / "dashboard"
METHODS = [("**/templates/**.html", "jinja2"), ("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"**.html": {"trimmed": "false", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "translate": (2,), "msgid": None}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")


def used() -> Iterator[tuple[str, str]]:
    for file, _line, message, _comments, _context in extract_from_dir(
        str(ROOM), method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        # A plural message is known by its singular.
        yield message[0] if isinstance(message, tuple) else message, file


def catalogue() -> Catalog:
    with (ROOM / "locale" / "zh_CN" / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale="zh_CN")


def text(value: object) -> str:
    inner = value.string if isinstance(value, Message) else value
    return "".join(inner) if isinstance(inner, str | list | tuple) else ""


def test_every_message_is_translated() -> None:
    known = catalogue()
    messages = list(used())
    assert len(messages) > 20, "the extraction found almost nothing: look at METHODS"
    missing = sorted({f"{m!r} ({f})" for m, f in messages if m and not text(known.get(m) or "")})
    assert not missing


def test_translations_fill_the_same_placeholders() -> None:
    for message in catalogue():
        wanted = set(PLACEHOLDER.findall(text(message.id)))
        assert set(PLACEHOLDER.findall(text(message.string))) == wanted, message.id


def test_no_translation_is_only_guessed() -> None:
    assert not [message.id for message in catalogue() if message.id and message.fuzzy]


def test_every_label_has_its_translation_and_no_translation_lost_its_label() -> None:
    labelled = {(group, words) for group, named in labels.WORDS.items() for words in named.values()}
    kept = {(m.context, text(m.id)) for m in catalogue() if m.context and text(m.string)}
    assert labelled == kept


def test_a_word_is_what_its_group_means() -> None:
    chinese, english = labels.of("zh"), labels.of("en")
    assert [chinese(group, "freed") for group in ("state", "action")] == ["已解困", "解困"]
    assert (english("state", "freed"), english("state", "unheard-of")) == ("Freed", "unheard-of")
    assert chinese.remedy("nobody knows") == chinese("refusal_remedy", "other")
