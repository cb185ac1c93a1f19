"""Blocks that are in a note as another program laid them out: no template made them, none makes them anew. No I/O.

News of theirs are merged like any other. But a changed template alone is no news of theirs, and leaves them as they
are: of such a block nothing but what was agreed on arrives.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from vaultsync.rendering.tracked import Block, Layout, Rendered, Span


def pieces(rendered: Rendered) -> dict[str, tuple[int, int]]:
    """Where each block begins and ends, by owner, in order; "" for the text before the first."""
    layout = rendered.layout
    first = layout.blocks[0].start if layout.blocks else len(rendered.text)
    return {"": (layout.body, first)} | {block.id: (block.start, block.end) for block in layout.blocks}


def without_news(one: Rendered, other: Rendered) -> frozenset[str]:
    """The owners whose blocks two renderings, by the same template, have alike."""
    was, now = pieces(one), pieces(other)
    return frozenset(
        owner for owner in was.keys() & now.keys() if one.text[slice(*was[owner])] == other.text[slice(*now[owner])]
    )


def as_agreed(arriving: Rendered, agreed: Rendered, owners: Collection[str]) -> Rendered:
    """What arrives, with the blocks of these owners as they were agreed on."""
    was, made = pieces(agreed), _Made()
    names = {block.id: block.block_id for block in arriving.layout.blocks}
    at = 0
    for owner, (start, end) in pieces(arriving).items():
        made.take(arriving, at, start)
        begin = made.length
        if owner in owners and owner in was:
            made.take(agreed, *was[owner])
        else:
            made.take(arriving, start, end)
        if owner:
            made.blocks.append(Block(begin, made.length, owner, names[owner]))
        at = end
    made.take(arriving, at, len(arriving.text))
    return made.rendered(arriving.layout)


class _Made(msgspec.Struct):
    """A rendering put together from parts of others."""

    parts: list[str] = msgspec.field(default_factory=list)
    blocks: list[Block] = msgspec.field(default_factory=list)
    spans: list[Span] = msgspec.field(default_factory=list)
    length: int = 0

    def take(self, source: Rendered, start: int, end: int) -> None:
        """Add a part of a rendering, with the values in it."""
        by = self.length - start
        last = len(source.text)
        for span in source.layout.spans:
            # An empty value between two parts is in the later one.
            if start <= span.start < end or span.start == end == last:
                self.spans.append(msgspec.structs.replace(span, start=span.start + by, end=span.end + by))
        self.parts.append(source.text[start:end])
        self.length += end - start

    def rendered(self, like: Layout) -> Rendered:
        """All of it; properties as in another layout."""
        layout = msgspec.structs.replace(like, blocks=tuple(self.blocks), spans=tuple(self.spans))
        return Rendered("".join(self.parts), layout)
