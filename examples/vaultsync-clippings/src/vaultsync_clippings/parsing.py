r"""Read My Clippings.txt: entries between lines of "=", each with a title, a line about the place, and a text. No I/O.

>>> text = "Walden (Thoreau)\n- Your Highlight on Location 180-82 | Added on Monday, January 5, 2026 8:15:30 AM\n\nOh!"
>>> [clipping] = parsed(text + "\n==========\n").clippings
>>> clipping.title, clipping.author, clipping.kind, clipping.start, clipping.end, clipping.text, clipping.added
('Walden', 'Thoreau', 'highlight', 180, 182, 'Oh!', '2026-01-05T08:15:30')
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

_END = re.compile(r"^==========[ \t]*$", re.MULTILINE)
_NUMBER = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?")
_PAGE = re.compile(r"\b(?:page|seite|pagina|página)\s+([\dA-Za-z-]+)", re.IGNORECASE)
_LOCATION = re.compile(
    r"\b(?:location|loc\.|position|emplacement|posición|posizione|locatie|posição)\s*", re.IGNORECASE
)
_DATE = re.compile(r"\b(?:(\d{1,2})\.?\s+(?:de\s+)?([^\W\d]+)|([^\W\d]+)\s+(\d{1,2}),)\s+(?:de\s+)?(\d{4})\b")
_TIME = re.compile(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp])?\.?[Mm]?")

Kind = Literal["highlight", "note", "bookmark"]
# Of the languages a Kindle can be set to: English, German, French, Spanish, Italian, Dutch, Portuguese.
_KINDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("bookmark", ("bookmark", "lesezeichen", "signet", "marcador", "segnalibro", "bladwijzer")),
    ("note", ("note", "notiz", "nota", "notitie", "aantekening")),
    ("highlight", ("highlight", "markierung", "surlignement", "subrayado", "evidenziazione", "markering", "destaque")),
)
_MONTHS = (
    "january januar janvier enero gennaio januari janeiro",
    "february februar février febrero febbraio februari fevereiro",
    "march märz mars marzo maart março",
    "april avril abril aprile",
    "may mai mayo maggio mei maio",
    "june juni juin junio giugno junho",
    "july juli juillet julio luglio julho",
    "august août agosto augustus",
    "september septembre septiembre settembre setembro",
    "october oktober octobre octubre ottobre outubro",
    "november novembre noviembre novembro",
    "december dezember décembre diciembre dicembre dezembro",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}


@dataclass(frozen=True, slots=True)
class Clipping:
    """One entry. start, end: locations, equal if there is one; None if only a page is given. added: ISO, no zone."""

    title: str
    author: str
    kind: Kind
    start: int | None
    end: int | None
    page: str
    added: str
    text: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file. unread: first lines of entries that could not be read."""

    clippings: tuple[Clipping, ...]
    unread: tuple[str, ...]


def parsed(text: str) -> Parsed:
    """Read a whole file, in its order; an entry that can't be read costs no other."""
    clippings, unread = [], []
    for entry in _entries(text):
        clipping = _clipping(entry)
        if clipping is not None:
            clippings.append(clipping)
        else:
            unread.append(entry[0])
    return Parsed(tuple(clippings), tuple(unread))


def _entries(text: str) -> Iterator[list[str]]:
    """Cut a file into the lines of its entries. Kindles put byte order marks wherever they please."""
    for part in _END.split(text.replace("\ufeff", "").replace("\r\n", "\n")):
        lines = part.strip().split("\n")
        if lines != [""]:
            yield lines


def _clipping(lines: list[str]) -> Clipping | None:
    about = lines[1].strip() if len(lines) > 1 else ""
    kind = _kind(about)
    if not about.startswith("-") or kind is None:
        return None
    title, author = titled(lines[0])
    start, end = _location(about)
    page = _PAGE.search(about)
    text = "\n".join(line.rstrip() for line in lines[2:]).strip()
    return Clipping(title, author, kind, start, end, page[1] if page else "", _added(about), text)


def titled(line: str) -> tuple[str, str]:
    """Cut title and author: the last words in parentheses, which may have some in them.

    >>> titled("Walden (Annotated) (Thoreau, Henry David (Ed.))"), titled("Notes to myself")
    (('Walden (Annotated)', 'Thoreau, Henry David (Ed.)'), ('Notes to myself', ''))
    """
    line = " ".join(line.split())
    depth = 0
    for at in range(len(line) - 1, 0, -1) if line.endswith(")") else ():
        depth += {")": 1, "(": -1}.get(line[at], 0)
        if depth == 0:
            return line[:at].strip(), line[at + 1 : -1].strip()
    return line, ""


def _kind(about: str) -> Kind | None:
    words = set(re.findall(r"\w+", about.partition("|")[0].casefold()))
    return next((kind for kind, names in _KINDS if words & set(names)), None)


def _location(about: str) -> tuple[int | None, int | None]:
    """The locations; the end may be short: 180-82 is 180 to 182.

    >>> _location("- Highlight Loc. 1180-82 | Added on"), _location("- Your Note on page 7 | Added on 3 May")
    ((1180, 1182), (None, None))
    """
    place = _LOCATION.search(about)
    found = _NUMBER.match(about, place.end()) if place else None
    if found is None:
        return None, None
    start, last = found[1], found[2] or found[1]
    return int(start), int(start[: max(0, len(start) - len(last))] + last)


def _added(about: str) -> str:
    """When it was added, by the Kindle's clock; "" if that can't be read.

    >>> _added("| Hinzugefügt am Montag, 5. Januar 2026 20:15:30"), _added("| Added on Monday, 5 January 2026 8:15 PM")
    ('2026-01-05T20:15:30', '2026-01-05T20:15:00')
    """
    date = _DATE.search(about)
    time = _TIME.search(about, date.end()) if date else None
    month = _MONTH.get((date[2] or date[3]).casefold()) if date else None
    if date is None or time is None or month is None:
        return ""
    hour = int(time[1]) % 12 + (12 if time[4] in "Pp" else 0) if time[4] else int(time[1])
    try:
        return datetime(int(date[5]), month, int(date[1] or date[4]), hour, int(time[2]), int(time[3] or 0)).isoformat()  # noqa: DTZ001  # a Kindle does not say
    except ValueError:
        return ""
