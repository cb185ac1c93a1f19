"""Print a value the way a template's lens filters did, and read it back from such text. No I/O.

Reading back refuses rather than guesses: whatever it answers prints as text that reads back as the same answer.
Blanks around a value, and how its characters are composed, are no part of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from vaultsync.rendering import filters
from vaultsync.rendering.tracked import NONCHARACTERS, Steps
from vaultsync.tags import local_tag

Value = str | tuple[str, ...]


class Unread(msgspec.Struct, frozen=True):
    """Text that can't be taken for a value, and why.

    reason: what is said of "the field". typed: what stands there, where that is known; reason is a sentence then.
    """

    reason: str
    typed: Value | None = None


# The reasons, each said of "the field".
NO_PREFIX = "a line in it does not begin as the others do"
BARE_BAR = "a bar in a table cell needs a backslash before it"
NOT_A_TAG = "what is written there are not tags as the template prints them"
SHARED = "two tags at the service are spelled alike here, so it can't be told which of them was taken out"
BETWEEN = "a tag holds what stands between tags"
NO_WAY_BACK = "the template prints it in a way that can't be read back"

_UNFIT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff{NONCHARACTERS}]")
_EMPTY_LINES = re.compile(r"\n{3,}")
_UNESCAPED_BAR = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"\[\[([^\[\]|#^\n]+)(?:\|[^\[\]\n]*)?\]\]")
_LISTS = ("hashtags", "wikilinks", "join")


def shown(value: Value, via: Steps) -> str:
    r"""The text a template prints for a value, through the lens filters it went through.

    >>> shown("one\ntwo", (("quote",),)), shown(("to read", "2024"), (("hashtags",),))
    ('> one\n> two', '#to-read #y2024')
    """
    text: Any = value
    for step in via:
        text = _PRINT[step[0]](text, *step[1:])
    return text if isinstance(text, str) else ", ".join(text)


def _join(names: Iterable[str], separator: str) -> str:
    return separator.join(names)


def _indent(text: str, pad: str, first: bool) -> str:
    return filters.indent(text, pad, first)


def _item(text: str) -> str:
    return text


_PRINT: Mapping[str, Callable[..., str]] = {
    "quote": filters.quote,
    "indent": _indent,
    "trim": filters.trim,
    "cell": filters.cell,
    "hashtags": filters.hashtags,
    "wikilinks": filters.wikilinks,
    "join": _join,
    "item": _item,
}


def inverse(text: str, via: Steps, base: Value) -> Value | None:
    r"""The value that text stands for, None if that can't be told. base: the value that stood there.

    >>> inverse("> one\n>\n> three", (("quote",),), "")
    'one\n\nthree'
    >>> inverse("#to-read #new", (("hashtags",),), ("to read", "2024"))
    ('to read', 'new')
    """
    value = read_back(text, via, base)
    return None if isinstance(value, Unread) else value


def read_back(text: str, via: Steps, base: Value, others: Iterable[str] = ()) -> Value | Unread:
    """The value that text stands for, or why that can't be told. others: tags by their names at the service."""
    if same_text(text, shown(base, via)):
        return base
    if isinstance(base, tuple):
        return _tags(text, via, base, tuple(others))
    value = _text(text, via, base)
    if isinstance(value, str) and _text(shown(value, via), via, base) != value:
        return Unread(NO_WAY_BACK)
    return value


def same_text(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but blanks, the number of empty lines, and how they are composed."""
    return one == other or normal(one) == normal(other)


def normal(text: str) -> str:
    r"""A text without what never counts as an edit.

    >>> normal(" one  \r\ntwo\n")
    'one\ntwo'
    """
    text = text.strip()
    if "\n" in text:
        text = _EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n")))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _text(text: str, via: Steps, base: str) -> str | Unread:
    for step in reversed(via):
        undo = _UNDO.get(step[0])
        if undo is None:
            return Unread(NO_WAY_BACK)
        undone = undo(text, *step[1:])
        if isinstance(undone, Unread):
            return undone
        text = undone
    text = _UNFIT.sub("", text)
    # A passage that begins with blanks may be code, which they are part of.
    text = text.rstrip() if base[:1].isspace() else text.strip()
    return base if same_text(text, base) else text


def _unquote(text: str) -> str | Unread:
    lines = text.split("\n")
    if not all(line.startswith(">") for line in lines):
        return Unread(NO_PREFIX)
    return "\n".join([line[2:] if line.startswith("> ") else line[1:] for line in lines])


def _dedent(text: str, pad: str, first: bool) -> str | Unread:
    lines = text.split("\n")
    for number in range(0 if first else 1, len(lines)):
        line = unpadded(lines[number], pad)
        if line is None:
            return Unread(NO_PREFIX)
        lines[number] = line
    return "\n".join(lines)


def unpadded(line: str, pad: str) -> str | None:
    r"""A continuation line without its indentation, None if it has less. A tab counts as all of it, as in Obsidian.

    >>> unpadded("    - a", "  "), unpadded("\tb", "  "), unpadded("c", "  ")
    ('  - a', 'b', None)
    """
    if line.startswith(pad):
        return line[len(pad) :]
    if line.startswith("\t") and not pad.strip(" "):
        return line[1:]
    return None if line.strip() else ""


def _uncell(text: str) -> str | Unread:
    if _UNESCAPED_BAR.search(text):
        return Unread(BARE_BAR)
    return text.replace("<br>", "\n").replace("\\|", "|")


def _same(text: str) -> str:
    return text


_UNDO: Mapping[str, Callable[..., str | Unread]] = {
    "quote": _unquote,
    "indent": _dedent,
    "trim": _same,
    "cell": _uncell,
}


def _tags(text: str, via: Steps, base: tuple[str, ...], others: tuple[str, ...]) -> Value | Unread:
    if not via or via[0][0] not in _LISTS:
        return Unread(NO_WAY_BACK)
    bare = _text(text, via[1:], "")
    if isinstance(bare, Unread):
        return bare
    kind, *arguments = via[0]
    typed = _SPLIT[kind](bare, base, *arguments)
    if isinstance(typed, Unread):
        return typed
    return service_names(typed, base, others, _SPELL[kind])


def _hashtags(text: str, base: tuple[str, ...]) -> list[str] | Unread:
    del base
    words = [word for word in re.split(r"[\s,]+", text) if word]
    odd = next((word for word in words if word[0] != "#" or local_tag(word[1:]) != word[1:] or word == "#"), "")
    if odd:
        return Unread(_instead(odd), tuple(word.removeprefix("#") for word in words))
    return [word[1:] for word in words]


def _instead(word: str) -> str:
    """What to write instead of a word that is no hashtag."""
    tag = local_tag(word.removeprefix("#"))
    if not tag:
        return f'"{word}" is no tag; take it out, or put it on a line of its own.'
    if word[0] == "#":
        return f'"{word}" is no tag in Obsidian; write "#{tag}".'
    return f'"{word}" has no # before it; write "#{tag}", or put it on a line of its own.'


def _wikilinks(text: str, base: tuple[str, ...]) -> list[str] | Unread:
    del base
    if _LINK.sub("", text).replace(",", "").strip():
        return Unread(NOT_A_TAG)
    return [_link(name) for name in _LINK.findall(text) if _link(name)]


def _joined(text: str, base: tuple[str, ...], separator: str) -> list[str] | Unread:
    core = separator.strip()
    if not separator or "\n" in text:
        return Unread(NO_WAY_BACK)
    if any((core or separator) in name for name in base):
        return Unread(BETWEEN)
    return [name.strip() for name in text.split(core or separator) if name.strip()]


def _link(name: str) -> str:
    return filters.wikilinks((name,))[2:-2].strip()


_SPLIT: Mapping[str, Callable[..., list[str] | Unread]] = {
    "hashtags": _hashtags,
    "wikilinks": _wikilinks,
    "join": _joined,
}
_SPELL: Mapping[str, Callable[[str], str]] = {"hashtags": local_tag, "wikilinks": _link, "join": str.strip}


def service_names(
    typed: Iterable[str], base: tuple[str, ...], others: Iterable[str] = (), spell: Callable[[str], str] = local_tag
) -> tuple[str, ...] | Unread:
    """Tags as written in a note, by the names the service has for them; a new one is named as it was typed.

    Those of base come first, in its order; a name nothing of which can be written in a note always stays.
    """
    wanted = {_folded(spell(name) or name): _UNFIT.sub("", name) for name in typed}
    known: dict[str, list[str]] = {}
    for name in base:
        known.setdefault(_folded(spell(name)), []).append(name)
    if any(len(names) > 1 for local, names in known.items() if local and local not in wanted):
        return Unread(SHARED)
    elsewhere: dict[str, set[str]] = {}
    for name in others:
        elsewhere.setdefault(_folded(spell(name)), set()).add(name)
    kept = [name for name in base if _folded(spell(name)) in wanted or not spell(name)]
    new = [_only(elsewhere.get(local, ()), name) for local, name in wanted.items() if local not in known]
    return tuple(dict.fromkeys((*kept, *new)))


def _only(names: Iterable[str], otherwise: str) -> str:
    found = list(names)
    return found[0] if len(found) == 1 else otherwise


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
