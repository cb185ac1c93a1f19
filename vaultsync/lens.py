"""Read values back out of an edited note: the `get` of the lens, for any template. No I/O.

The base text is literals and values in turn. A block of the edited note is found by its anchor; its values are what
stands between the template's own literals, and count only if there is exactly one way to read them. Otherwise the
field is refused: its text stays its user's, and nothing is taken for an edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vaultsync.tracked import Steps

Value = str | tuple[str, ...]
Field = tuple[str, str]  # owner (a highlight's id, "" for the document) and name


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value of the base stands in the edited note. start, end: characters. at: of its span in the base."""

    owner: str
    field: str
    start: int
    end: int
    at: int
    via: Steps = ()


@dataclass(frozen=True, slots=True)
class Region:
    """Where a block stands in the edited note. start, end: characters, whole lines."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A field whose value can't be told, and why, as a sentence for its user."""

    owner: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What an edited note says.

    values: of every field that could be read, changed or not. spots: where they stand. regions: of the blocks, by
    owner; "" is the document's own block, the text before the first highlight. absent: owners whose block is not in
    this note any more. orphans: owners whose anchor is gone while their text is still there, and where.
    copies: owners whose anchor stands in the note more than once.
    """

    values: Mapping[Field, Value] = field(default_factory=dict)
    spots: tuple[Spot, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    regions: Mapping[str, Region] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    orphans: Mapping[str, Region] = field(default_factory=dict)
    copies: tuple[str, ...] = ()
