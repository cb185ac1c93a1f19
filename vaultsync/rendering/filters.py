"""The filters a template can call. No I/O.

Lens filters (`quote`, `indent`, `hashtags`, `wikilinks`, `join`, `trim`, `cell`; `default` needs no help) can be
read back: given a tracked value they return one. The others (`date`, `callout`, `slug`, `filename`) only print.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from vaultsync.paths import portable
from vaultsync.rendering.captured import Marked, printed
from vaultsync.rendering.tracked import NONCHARACTERS, OPEN, TagList, Tracked, joined, lensed, plain_text, unmarked
from vaultsync.tags import local_tags

_DAY = "%Y-%m-%d"
_LAST_MARK = "\ufdef"
_WIDEST = 1000  # characters of indentation; a template is not trusted with more
_EDGES = re.compile(f"\\A[\\s{NONCHARACTERS}]+|[\\s{NONCHARACTERS}]+\\Z")
_BLANKS = re.compile(r"\s+")
_BREAKS_LINKS = re.compile(r"[\[\]|#^]+|%%")


def _holds(line: str) -> bool:
    """Whether there is more than marks on a line."""
    return bool(line) and (not OPEN <= line[0] <= _LAST_MARK or bool(unmarked(line)))


def _through(value: Any, text: str, *step: Any) -> str:
    return lensed(text, value.owner, value.field, (*value.via, step)) if isinstance(value, Tracked) else text


def quote(value: Any) -> str:
    r"""Prefix every line with "> ", so that any text is one block quote.

    >>> quote("one\n\ntwo")
    '> one\n>\n> two'
    """
    lines = str.split(plain_text(value), "\n")  # as str does it, where captured text would drop its marks
    return _through(value, "\n".join([f"> {line}" if _holds(line) else f">{line}" for line in lines]), "quote")


def indent(value: Any, width: int | str = 2, first: bool = False) -> str:
    r"""Indent all lines but the first, so that text stays inside its list item; blank lines stay empty.

    >>> indent("one\n\ntwo")
    'one\n\n  two'
    """
    pad = width if isinstance(width, str) else " " * min(width, _WIDEST)
    text = plain_text(value)
    if first or "\n" in text:
        lines = str.split(text, "\n")
        start = 0 if first else 1
        text = "\n".join(lines[:start] + [pad + line if _holds(line) else line for line in lines[start:]])
    return _through(value, text, "indent", pad, first)


def trim(value: Any) -> str:
    """Take blanks and newlines off both ends."""
    if isinstance(value, Marked):
        return _EDGES.sub(lambda edge: _BLANKS.sub("", edge[0]), value)
    return _through(value, plain_text(value).strip(), "trim")


def cell(value: Any) -> str:
    r"""Make any text fit a table cell: newlines become <br>, bars are escaped.

    >>> cell("a|b\nc")
    'a\\|b<br>c'
    """
    text = str.replace(plain_text(value), "|", "\\|").replace("\n", "<br>")
    return _through(value, text, "cell")


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, TagList):
        return value.names
    if isinstance(value, str):
        # Without marks: tags are remembered from note to note.
        return (unmarked(value),) if value else ()
    return tuple(unmarked(plain_text(item)) for item in value)


def _listed(value: Any, text: str, *step: Any) -> str:
    if isinstance(value, TagList):
        return lensed(text, value.owner, value.field, (step,))
    return text


def hashtags(value: Any) -> str:
    """Tags as Obsidian writes them in text.

    >>> hashtags(["to read", "2024"])
    '#to-read #y2024'
    """
    return _listed(value, " ".join([f"#{name}" for name in local_tags(_names(value))]), "hashtags")


def wikilinks(value: Any) -> str:
    """Names as links to notes; characters that break a link are left out.

    >>> wikilinks(["Marcus Aurelius", "a|b"])
    '[[Marcus Aurelius]], [[a b]]'
    """
    names = (" ".join(_BREAKS_LINKS.sub(" ", name).split()) for name in _names(value))
    return _listed(value, ", ".join(f"[[{name}]]" for name in names if name), "wikilinks")


def date_text(value: Any, pattern: str = _DAY) -> str:
    """A date in the given pattern (Python's strftime), in UTC; empty for no date.

    Without a pattern it stays a date where it is a property, so that YAML has no reason to quote it.

    >>> date_text(date(2024, 5, 1), "%d.%m.%Y"), date_text(None)
    ('01.05.2024', '')
    """
    if not isinstance(value, date):
        return plain_text(value)
    if pattern == _DAY:
        return printed(value.date() if isinstance(value, datetime) else value)
    return value.strftime(pattern)


def callout(value: Any, kind: str = "quote", title: str = "", fold: str = "") -> str:
    r"""An Obsidian callout around any text. fold: "+" open, "-" closed, "" fixed.

    >>> callout("one\ntwo", "note", "Mine")
    '> [!note] Mine\n> one\n> two'
    """
    head = f"> [!{kind}]{fold} {title}".rstrip()
    return f"{head}\n{quote(plain_text(value))}"


def slug(value: Any) -> str:
    """Lower-case words joined by dashes, for links and ids.

    >>> slug("Où est-il ?")
    'ou-est-il'
    """
    decomposed = unicodedata.normalize("NFKD", plain_text(value))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", "-", bare.lower()).strip("-")


def filename(value: Any) -> str:
    """A name every file system can hold, as note names are made."""
    return portable(plain_text(value))


def join(value: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    """Items with the separator between; each is a value of its own where this is part of a property."""
    if attribute is not None:
        raise TypeError('join takes no attribute here; write map(attribute="…") | join(…)')
    return joined(tuple(value), separator, value)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "quote": quote,
    "indent": indent,
    "trim": trim,
    "cell": cell,
    "hashtags": hashtags,
    "wikilinks": wikilinks,
    "join": join,
    "date": date_text,
    "callout": callout,
    "slug": slug,
    "filename": filename,
}
