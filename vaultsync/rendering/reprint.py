"""Print a note again with other values in fields its template only prints: the text is known but for those. No I/O.

Most merges need a note twice, as the source has it and with what its user typed. Nothing is guessed: where a value
might change more than itself (it stands in the properties, or beside an anchor), there is no answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from vaultsync.lens.inverse import Value, shown
from vaultsync.model import Document, Highlight, differing_fields, field_value
from vaultsync.rendering.render import Renderer
from vaultsync.rendering.tracked import Block, Piece, Printed, Rendered, Span, TagList, Tracked, has_marks
from vaultsync.rendering.views import prints_as_field

Field = tuple[str, str]  # owner (a highlight's id, "" for the document) and name
Values = Mapping[Field, tuple[Value, Value]]


def rendered_again(renderer: Renderer, template: str, document: Document, *, now: datetime) -> Rendered:
    """As the renderer has it; cheap, if what differs from the document it rendered last is only printed."""
    made = renderer.made
    if made is not None and (made.template, made.now) == (template, now):
        values = _new_values(made.document, document)
        if values is not None and _are_only_printed(values, renderer.looked_at(template), _fields_of(made.front)):
            note = reprinted(made.note, values)
            if note is not None:
                return note
    return renderer.render(template, document, now=now)


def _new_values(before: Document, now: Document) -> Values | None:
    """What fields held and hold, where that differs; None if more differs than values that can be edited."""
    if [one.id for one in before.highlights] != [one.id for one in now.highlights] or before.id != now.id:
        return None
    owners: dict[str, tuple[Document | Highlight, Document | Highlight]] = {"": (before, now)}
    owners |= {new.id: (was, new) for was, new in zip(before.highlights, now.highlights, strict=True)}
    found: dict[Field, tuple[Value, Value]] = {}
    for owner, name in differing_fields(before, now) - {("", "highlights")}:
        was, new = (field_value(one, name) for one in owners[owner])
        if was is None or new is None:
            return None
        found[owner, name] = was, new
    return found


def _are_only_printed(fields: Iterable[Field], looked_at: frozenset[str] | None, front: Collection[Field]) -> bool:
    """Whether nothing is done with fields but to print them, below the properties. front: printed in those."""
    return looked_at is not None and all(
        prints_as_field(owner, name) and name not in looked_at and (owner, name) not in front for owner, name in fields
    )


def _fields_of(pieces: Iterable[str]) -> set[Field]:
    """The fields that some pieces print."""
    values = (piece.value if isinstance(piece, Printed) else piece for piece in pieces if isinstance(piece, Piece))
    return {(one.owner, one.field) for one in values if isinstance(one, Tracked | TagList)}


def reprinted(note: Rendered, values: Values) -> Rendered | None:
    """The note with other values, each as it was and as it is; None where one might change more than itself.

    They are of fields that the template only prints, and not in the properties.
    """
    spans = note.layout.spans
    edits: dict[int, str] = {}
    for number, span in enumerate(spans):
        if (span.owner, span.field) in values:
            was, new = (shown(value, span.via) for value in values[span.owner, span.field])
            if was != note.text[span.start : span.end] or has_marks(new):
                return None
            if new != was:
                edits[number] = new
    if not edits:
        return note
    return _with(note, edits) if _stand_alone(note, edits) else None


def _stand_alone(note: Rendered, edits: Mapping[int, str]) -> bool:
    """Whether nothing around the values depends on them.

    What rendering adds by itself (anchors, the lines around them, the last newline) goes by what stands right before:
    so some text that stays must be between a value and the anchors around it, or else the end of the note.
    """
    text, spans = note.text, note.layout.spans
    edges = {place for block in note.layout.blocks for place in (block.start, block.end)}
    anchors = [span for span in spans if span.field == "anchor"]
    bare = _blanked(text, [spans[number] for number in edits])
    for number, new in edits.items():
        span = spans[number]
        was = text[span.start : span.end]
        if not was and span.start in edges:
            return False
        above = max((one.end for one in anchors if one.end <= span.start), default=-1)
        if above >= 0 and not bare[above : span.start].strip():
            return False
        below = min((one.start for one in anchors if one.start >= span.end), default=len(text))
        if not bare[span.end : below].strip() and not (_ends_in_words(was) and _ends_in_words(new)):
            return False
    return True


def _ends_in_words(text: str) -> bool:
    return bool(text[-1:].strip())


def _blanked(text: str, spans: Sequence[Span]) -> str:
    """The text with blanks for some of its values."""
    for span in spans:
        text = f"{text[: span.start]}{' ' * (span.end - span.start)}{text[span.end :]}"
    return text


def _with(note: Rendered, edits: Mapping[int, str]) -> Rendered:
    """The note with other texts of some spans, by number, and all places after them moved."""
    layout = note.layout
    out: list[str] = []
    spans: list[Span] = []
    moves: list[tuple[int, int]] = []  # where a value ended, and by how much all behind it moves
    at = by = 0
    for number, span in enumerate(layout.spans):
        new = edits.get(number)
        if new is None:
            spans.append(span if not by else Span(span.start + by, span.end + by, span.owner, span.field, span.via))
            continue
        out += [note.text[at : span.start], new]
        start = span.start + by
        spans.append(Span(start, start + len(new), span.owner, span.field, span.via))
        at, by = span.end, start + len(new) - span.end
        moves.append((at, by))
    text = "".join([*out, note.text[at:]])
    blocks = tuple(_moved(block, moves) for block in layout.blocks)
    return Rendered(text, msgspec.structs.replace(layout, blocks=blocks, spans=tuple(spans)))


def _moved(block: Block, moves: Collection[tuple[int, int]]) -> Block:
    start = next((by for at, by in reversed([*moves]) if at <= block.start), 0)
    end = next((by for at, by in reversed([*moves]) if at <= block.end), 0)
    return Block(block.start + start, block.end + end, block.id, block.block_id)
