"""What an edited note says, as values: each field that could be read, where it stands, and what could not. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from vaultsync.lens.inverse import Value
from vaultsync.rendering.tracked import Steps

Field = tuple[str, str]  # owner (a highlight's id, "" for the document) and name


class Spot(msgspec.Struct, frozen=True):
    """Where a value of the base stands in the edited note. start, end: characters. at: of its span in the base."""

    owner: str
    field: str
    start: int
    end: int
    at: int
    via: Steps = ()


class Region(msgspec.Struct, frozen=True):
    """Where a block stands in the edited note. start, end: characters, whole lines."""

    start: int
    end: int


class Refusal(msgspec.Struct, frozen=True):
    """A field whose value can't be told or can't be one, and why. typed: what was typed; then reason is a sentence."""

    owner: str
    field: str
    reason: str
    typed: Value | None = None


class Reading(msgspec.Struct, frozen=True):
    """What an edited note says.

    values: of every field that could be read, changed or not. spots: where they stand. regions: of the blocks, by
    owner; "" is the document's own block, the text before the first highlight. absent: owners whose block is not in
    this note any more. orphans: owners whose anchor is gone while their text is still there, and where.
    copies: owners whose anchor stands in the note more than once. trailed: owners with text behind the anchor on its
    line, which Obsidian does not take for one.
    """

    values: Mapping[Field, Value] = msgspec.field(default_factory=dict)
    spots: tuple[Spot, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    regions: Mapping[str, Region] = msgspec.field(default_factory=dict)
    absent: tuple[str, ...] = ()
    orphans: Mapping[str, Region] = msgspec.field(default_factory=dict)
    copies: tuple[str, ...] = ()
    trailed: tuple[str, ...] = ()
