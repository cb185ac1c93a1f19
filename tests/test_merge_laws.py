"""What holds of every merge, whatever either side did."""

from __future__ import annotations

import re

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.merge_case import document, highlight, merged, rendered, template
from vaultsync.lens.get import read
from vaultsync.merging import reconcile
from vaultsync.merging.conflicts import count, found
from vaultsync.model import Document, Highlight

LAW = settings(max_examples=60)  # each renders and reads two notes
TEMPLATES = st.sampled_from(["quote", "callout", "item"]).map(template)
TEXTS = st.sampled_from(
    ["One.", "Two lines,\nthe second.", "A paragraph.\n\nAnother one.", "- a list", "> quoted", "[[link]]", "é"]
)
NOTES = st.sampled_from(["", "", "A note.", "A note,\nin lines.", "Note (see [[x]])", "#tag"])
TAGS = st.lists(st.sampled_from(["a", "b", "To read"]), max_size=2, unique=True).map(tuple)


@st.composite
def highlights(draw: st.DrawFn, numbers: list[int]) -> tuple[Highlight, ...]:
    return tuple(
        highlight(
            number, f"{number}: {draw(TEXTS)}", note=draw(NOTES), tags=draw(TAGS), url=f"u{draw(st.integers(0, 2))}"
        )
        for number in numbers
    )


@st.composite
def documents(draw: st.DrawFn) -> tuple[Document, Document]:
    """A document, and what became of it at the source."""
    base = document(note=draw(NOTES), tags=draw(TAGS))
    base = msgspec.structs.replace(base, highlights=draw(highlights(list(range(1, draw(st.integers(0, 4)) + 1)))))
    kept = [one for one in base.highlights if draw(st.sampled_from([True, True, True, False]))]
    kept = [draw(highlights([int(one.id)]))[0] if draw(st.booleans()) else one for one in kept]
    for number in range(10, 10 + draw(st.integers(0, 2))):
        kept.insert(draw(st.integers(0, len(kept))), draw(highlights([number]))[0])
    changed = msgspec.structs.replace(
        base, highlights=tuple(kept), tags=draw(TAGS), author=draw(st.sampled_from(["A", "B"]))
    )
    return base, changed


@st.composite
def edits(draw: st.DrawFn, text: str) -> str:
    """The note with lines of its user's in the body, and and lines of ours taken out, moved or rewritten."""
    front, _, body = text.rpartition("---\n")
    lines = body.split("\n")[:-1]
    for number in range(draw(st.integers(0, 4))):
        mine = draw(st.sampled_from(["mine {}", "", "- mine {}", "    - mine {}", "### mine {}", "> mine {}", "```"]))
        lines.insert(draw(st.integers(0, len(lines))), mine.format(number))
    for _ in range(draw(st.integers(0, 2))):
        if lines:
            at = draw(st.integers(0, len(lines) - 1))
            lines[at : at + 1] = draw(
                st.sampled_from([[], [lines[at] + " typed"], [lines[at].replace("Note", "Remark")]])
            )
    if draw(st.booleans()) and lines:
        start, end = sorted((draw(st.integers(0, len(lines))), draw(st.integers(0, len(lines)))))
        moved = lines[start:end]
        del lines[start:end]
        to = draw(st.integers(0, len(lines)))
        lines[to:to] = moved
    edited = f"{front}---\n" + "".join(f"{line}\n" for line in lines)
    edited = edited.replace("\n", "\r\n") if draw(st.booleans()) else edited
    return edited.removesuffix("\n").removesuffix("\r") if draw(st.booleans()) else edited


@st.composite
def sides(draw: st.DrawFn) -> tuple[Document, str, Document, str]:
    """Base, ours, theirs, and the template."""
    base, theirs = draw(documents())
    shape = draw(TEMPLATES)
    return base, draw(edits(rendered(base, shape).text)), theirs, shape


@LAW
@given(sides())
def test_where_the_source_changed_nothing_ours_stays_byte_for_byte(told: tuple[Document, str, Document, str]) -> None:
    """But that an anchor comes back whose text is still there."""
    base, ours, _, shape = told
    note = rendered(base, shape)
    assume(not read(note.text, note.layout, ours, base).orphans)
    assert merged(base, ours, base, shape).text == ours


@LAW
@given(documents(), TEMPLATES)
def test_a_note_nobody_edited_becomes_theirs(told: tuple[Document, Document], shape: str) -> None:
    base, theirs = told
    result = merged(base, rendered(base, shape).text, theirs, shape)
    assert (result.text, result.conflicts) == (rendered(theirs, shape).text, 0)


@LAW
@given(sides())
def test_what_was_merged_is_not_merged_again(told: tuple[Document, str, Document, str]) -> None:
    base, ours, theirs, shape = told
    result = merged(base, ours, theirs, shape)
    assert merged(theirs, result.text, theirs, shape).text == result.text


@LAW
@given(sides())
def test_no_line_of_its_user_is_lost_or_doubled(told: tuple[Document, str, Document, str]) -> None:
    base, ours, theirs, shape = told
    result = merged(base, ours, theirs, shape)
    for line in re.findall(r".*(?:mine \d|typed|Remark).*", ours):
        before, after = ([one.rstrip() for one in text.split("\n")] for text in (ours, result.text))
        # What was typed into a line of ours may be a value, and be shown as one; "mine" is a line of its user's.
        assert "mine" not in line or after.count(line.rstrip()) == before.count(line.rstrip())
        assert "typed" not in line or result.text.count("typed") >= ours.count("typed")


@LAW
@given(sides())
def test_every_highlight_stands_once_and_every_conflict_is_counted(told: tuple[Document, str, Document, str]) -> None:
    base, ours, theirs, shape = told
    result = merged(base, ours, theirs, shape)
    known = {one.id for one in base.highlights}
    for one in theirs.highlights:
        held = len(re.findall(rf"(?m)(?:^|[ \t])\^{one.block_id}\r?$", result.text))
        assert held == 1 or one.id in known
    assert result.conflicts == count(result.text)
    titles = [(one.kind, one.field, one.block_id) for one in found(result.text)]
    assert len(titles) == len(set(titles))
    assert ("vaultsync_conflicts" in result.text) == (result.conflicts > 0)


@LAW
@given(sides())
def test_line_ends_and_the_end_of_the_note_are_ours(told: tuple[Document, str, Document, str]) -> None:
    base, ours, theirs, shape = told
    result = merged(base, ours, theirs, shape).text
    assert result.endswith("\n") == ours.endswith("\n")
    assert result.count("\r\n") == (result.count("\n") if "\r\n" in ours else 0)


@st.composite
def prose(draw: st.DrawFn, text: str) -> str:
    """The note with paragraphs of its user's between lines."""
    front, _, body = text.rpartition("---\n")
    lines = body.split("\n")[:-1]
    for number in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines)))
        lines[at:at] = draw(st.sampled_from([["", f"mine {number}", ""], [f"mine {number}"]]))
    return f"{front}---\n" + "".join(f"{line}\n" for line in lines)


@st.composite
def written_in(draw: st.DrawFn) -> tuple[Document, str, Document, str]:
    base, theirs = draw(documents())
    shape = draw(TEMPLATES)
    return base, draw(prose(rendered(base, shape).text)), theirs, shape


@LAW
@given(written_in())
def test_every_line_of_theirs_arrives_or_is_told(told: tuple[Document, str, Document, str]) -> None:
    base, ours, theirs, shape = told
    result = merged(base, ours, theirs, shape)
    lines = {line.strip() for line in result.text.split("\n")}
    callouts = "\n".join(one.theirs for one in found(result.text))
    for line in rendered(theirs, shape).text.split("\n"):
        assert line.strip() in lines or line.lstrip("> ").rstrip() in callouts


@LAW
@given(sides())
def test_a_merge_needs_to_be_told_only_of_what_differs(told: tuple[Document, str, Document, str]) -> None:
    base, ours, theirs, shape = told
    note = rendered(base, shape)

    result = reconcile.merged(
        reconcile.Agreed(note.text, note.layout, base), reconcile.Held(ours), theirs, lambda one: rendered(one, shape)
    )

    every = merged(base, ours, theirs, shape)  # every field of the note read
    assert (result.text, result.notices, result.kept) == (every.text, every.notices, every.kept)
