"""How a lift's place becomes words that are found again, and what is typed becomes a question.

Theory of operation. Text is brought to one form first: NFKC and casefold; 号楼, 幢 and 栋 are one
word, as callers use them for one another; 三号楼 is 3号楼. Then it is a row of units: a Chinese
character, a run of digits, a run of letters; blanks and punctuation are no units. The words of a
text are its units and all pairs of neighbours: whoever types two characters asks for one pair,
whoever types more asks for all their pairs. Nothing needs to know where Chinese words end.

What is typed may leave out what an address has between: 东湖区台泰巷 finds 东湖区青石街道台泰巷.
So a question is broken where addresses are (after 区, 街道, 路, 号, 栋 …) and each piece must be
found, in any order. Pinyin is answered in between: a piece of letters is looked up among the
readings of all pieces that the register holds (`readings`), and becomes the characters found.

Words with `_` in front are not text: the city, the district, the firm, the beginning of a code.
Pure; change VERSION with anything that changes the words of a text, so that lifts are indexed anew.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import pairwise

from core.geo import Position
from core.settling import settling
from core.words import AnyOf, Together

VERSION = 1
LONGEST = 100  # characters of what is typed that are looked at
CODE = 6  # digits of a rescue code
CELLS = (500, 50, 5)  # cells to a degree: about 200 m, 2 km, 20 km

_CJK = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_UNIT = re.compile(f"[{_CJK}]|[0-9]+|[^\\W\\d_{_CJK}]+")
_ENDS = "街道|大道|[市县镇乡路街巷弄号栋](?!道)|(?<![小园社厂])区"
_PIECE = re.compile(f"[{_CJK}]+?(?:{_ENDS}|(?![{_CJK}]))")
_TYPED = re.compile(
    "(?P<number>[0-9]+(?:号|栋|单元|座|期|层|弄|室|门|#)?|[a-z](?:座|栋|单元|馆|梯))"
    f"|(?P<letters>[^\\W\\d_{_CJK}]+)|(?P<chinese>{_PIECE.pattern})"
)
_BUILDING = re.compile("号楼|幢")
_NUMERAL = re.compile(
    "([一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])(?=号|栋|单元|座|层|幢)"
)
_DIGITS = {each: n for n, each in enumerate("一二三四五六七八九", 1)}
_NUMERALS = {str(n): each for each, n in _DIGITS.items()}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what was typed. kind: `number`, `letters` or `chinese`."""

    kind: str
    text: str


def plain(text: str) -> str:
    """The one form of a text."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _NUMERAL.sub(lambda found: str(_number(found[0])), text)
    return _BUILDING.sub("栋", text)


def _number(numeral: str) -> int:
    tens, ten, ones = numeral.partition("十")
    if not ten:
        return _DIGITS[numeral]
    return 10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0)


def units(text: str) -> list[str]:
    """Characters, numbers and latin words, in order."""
    return _UNIT.findall(plain(text))


def pair(first: str, second: str) -> str:
    """The word that says that two units are neighbours."""
    apart = "_" if first[-1].isascii() and second[0].isascii() else ""
    return f"{first}{apart}{second}"


@lru_cache(maxsize=65_536)
def words_of(text: str) -> frozenset[str]:
    """Every unit and every pair of neighbours."""
    row = units(text)
    return frozenset(row) | {pair(a, b) for a, b in pairwise(row)}


def asked_of(text: str) -> Together:
    """The words that a text needs: pairs, or the one unit."""
    row = units(text)
    if len(row) == 1:
        return (row[0],)
    return tuple(dict.fromkeys(pair(a, b) for a, b in pairwise(row)))


@lru_cache(maxsize=65_536)
def pieces(text: str) -> tuple[str, ...]:
    """The Chinese parts of a text, broken where addresses are."""
    return tuple(each.text for each in _broken(text) if each.kind == "chinese")


def typed(text: str) -> list[Piece]:
    """What was typed, in pieces; each but once."""
    return list(dict.fromkeys(_broken(text[:LONGEST])))


def _broken(text: str) -> Iterator[Piece]:
    for each in _TYPED.finditer(plain(text)):
        yield Piece(str(each.lastgroup), each[0])


def literally(piece: Piece, *, alone: bool) -> AnyOf:
    """What a piece asks for as it stands; a number may begin a code where it is `alone`.

    A house number that is still being typed may become a building's: 3号 asks for 3栋 too.
    """
    match piece.kind:
        case "number" if piece.text.isdigit():
            code: AnyOf = ((code_word(piece.text),),) if len(piece.text) <= CODE else ()
            return ((piece.text,), *(code if alone or len(piece.text) > 3 else ()))  # noqa: PLR2004
        case "number" if piece.text.endswith("号"):
            return (asked_of(piece.text), asked_of(piece.text[:-1] + "栋"))
        case "number" if piece.text.endswith("#"):
            return (asked_of(piece.text[:-1] + "栋"), asked_of(piece.text[:-1] + "号"))
        case "number" if piece.text.endswith("期") and piece.text[:-1] in _NUMERALS:
            return (asked_of(piece.text), asked_of(_NUMERALS[piece.text[:-1]] + "期"))
        case _:
            return (asked_of(piece.text),)


def code_word(beginning: str) -> str:
    """The word of lifts whose rescue code begins so."""
    return f"_c{beginning}"


def area_word(division: str) -> str:
    """The word of a city's or a district's lifts."""
    return f"_a{division}"


def firm_word(firm_id: int) -> str:
    """The word of the lifts that a firm maintains."""
    return f"_f{firm_id}"


def use_unit_word(use_unit_id: int) -> str:
    """The word of the lifts that a use unit runs."""
    return f"_u{use_unit_id}"


def kind_word(kind: str) -> str:
    """The word of a kind of lift."""
    return f"_k{kind}"


def place_word(place: str) -> str:
    """The word of a type of place."""
    return f"_p{place}"


def cell_word(size: int, position: Position, north: int = 0, east: int = 0) -> str:
    """The word of a square on the map, `north` and `east` squares from the one of `position`."""
    row = int((position.latitude + 90) * size) + north
    column = int((position.longitude + 180) * size) + east
    return f"_g{size}_{row}_{column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What of a lift is found again."""

    rescue_code: str
    area: str
    district: str
    address: str
    building: str
    project: str
    unit: str
    use_unit: str
    kind: str
    place_type: str
    firm_id: int | None
    use_unit_id: int | None
    position: Position | None

    @property
    def place(self) -> str:
        """Address, estate, building and unit as one text."""
        project = "" if self.project in self.building else self.project
        return f"{self.address}{project}{self.building}{self.unit}"

    @property
    def texts(self) -> tuple[str, str]:
        """What is found by its words."""
        return self.place, self.use_unit


def words(lift: Described) -> tuple[str, ...]:
    """Every word of a lift, sorted."""
    told = {code_word(lift.rescue_code[:length]) for length in range(1, CODE + 1)}
    told |= {area_word(lift.area), area_word(lift.district)}
    told |= {kind_word(lift.kind), place_word(lift.place_type)}
    if lift.firm_id is not None:
        told.add(firm_word(lift.firm_id))
    if lift.use_unit_id is not None:
        told.add(use_unit_word(lift.use_unit_id))
    if lift.position is not None:
        told |= {cell_word(size, lift.position) for size in CELLS}
    row = units(lift.place)
    told.update(row)
    told.update(map(pair, row, row[1:]))
    return tuple(sorted(words_of(lift.use_unit) | told))


@dataclass(frozen=True, slots=True)
class Reading:
    """How a piece, or the end of one, is spoken: `sounds` are its syllables."""

    text: str
    sounds: tuple[str, ...]

    @property
    def initials(self) -> str:
        """The first letters."""
        return "".join(each[0] for each in self.sounds)

    @property
    def spelled(self) -> str:
        """The syllables without blanks."""
        return "".join(self.sounds)

    def spoken(self, typed: str) -> str:
        """The characters that the first letters `typed` of the spelling cover."""
        covered = 0
        for n, each in enumerate(self.sounds, 1):
            covered += len(each)
            if covered >= len(typed):
                return self.text[:n]
        return self.text


@cache
def _sounds() -> Callable[[str], list[str]]:
    with settling():  # 55 MB that only writers need, and that no collector need search
        from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    return partial(lazy_pinyin, style=Style.NORMAL, errors="ignore")


@lru_cache(maxsize=65_536)
def readings(piece: str) -> tuple[Reading, ...]:
    """A piece and every end of it, as they are spoken there; needs pypinyin."""
    sounds = _sounds()(piece)
    if len(sounds) != len(piece):
        return ()
    return tuple(Reading(piece[n:], tuple(sounds[n:])) for n in range(len(piece)))


def stands(piece: Piece, text: str) -> bool:
    """Whether a piece stands in a text as typed, by its words: 3栋 does not stand in 13栋."""
    there = words_of(text)
    return any(there.issuperset(each) for each in literally(piece, alone=False))


def in_order(pieces: Sequence[Piece], text: str) -> bool:
    """Whether the pieces stand in a text (in its one form) one after another, as typed."""
    at = 0
    for each in pieces:
        found = text.find(each.text, at)
        if found < 0:
            return False
        at = found + len(each.text)
    return True


def joined(texts: Iterable[str]) -> str:
    """Texts in their one form without blanks and punctuation, to look into."""
    return " ".join("".join(units(each)) for each in texts)


def neighbours(size: int, position: Position) -> Iterator[Together]:
    """The square of a position and the eight around it."""
    for north in (-1, 0, 1):
        for east in (-1, 0, 1):
            yield (cell_word(size, position, north, east),)
