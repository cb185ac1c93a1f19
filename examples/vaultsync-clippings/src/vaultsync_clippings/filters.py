"""What the plugin adds to documents and templates. No I/O."""

from __future__ import annotations

import msgspec
from vaultsync.model import Document, Highlight

from vaultsync_clippings.books import SOURCE


def without_overlaps(document: Document) -> Document:
    """Leave out highlights that stand whole in another one; documents of other sources stay as they are."""
    if document.source != SOURCE:
        return document
    kept = tuple(one for one in document.highlights if not any(_holds(other, one) for other in document.highlights))
    return document if len(kept) == len(document.highlights) else msgspec.structs.replace(document, highlights=kept)


def _holds(longer: Highlight, one: Highlight) -> bool:
    """Whether a longer highlight holds another one, its note included."""
    if longer.id == one.id or one.text not in longer.text or len(one.text) >= len(longer.text):
        return False
    places = (longer.location, one.location, longer.extra["end"], one.extra["end"])
    if None in places or one.note not in ("", longer.note):
        return False
    return bool(longer.location <= one.location and one.extra["end"] <= longer.extra["end"])  # type: ignore[operator]


def byline(author: object) -> str:
    """Turn authors as a Kindle has them into a line for people.

    >>> byline("Thoreau, Henry David;Emerson, R. W."), byline("Homer"), byline("")
    ('Henry David Thoreau and R. W. Emerson', 'Homer', '')
    """
    *names, last = [" ".join(reversed(name.split(", ", 1))).strip() for name in str(author).split(";")]
    return f"{', '.join(names)} and {last}" if names else last
