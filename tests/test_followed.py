"""Words that are not sent, typed again beside what a template has made of them: none is lost, and none made surer."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from tests import lens_case
from tests.edits import Editing, edited, new_value
from vaultsync.lens.inverse import shown
from vaultsync.merging.reconcile import Agreed, Held, merged, readings, together
from vaultsync.model import Document
from vaultsync.rendering.render import Rendered, Renderer
from vaultsync.rendering.tracked import Span
from vaultsync.sending.edits import edits
from vaultsync.sending.outbox import Copy, Proof

SEEDS = range(80)
_TOP = (
    "# {{ document.title }} by {{ document.author | upper }}\n\n"
    "{{ document.highlights | map(attribute='note') | select | map('first') | join }}, {{ document.note | length }}\n\n"
)
_MARK = "{% highlight h %}\n{% if h.note %}annotated {{ h.tags | length }}\n\n{% endif %}\n"


@pytest.fixture(autouse=True)
def templates_that_make_more_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shapes, with lines that follow from what is typed elsewhere."""
    for shape, template in lens_case.SHAPES.items():
        text = template.replace("# {{ document.title }}\n\n", _TOP)
        if "- {{ h.text" not in text:  # a list would be torn
            text = text.replace("{% highlight h %}\n", _MARK)
        assert text != template
        monkeypatch.setitem(lens_case.RENDERERS, shape, Renderer({"document.md": text}))


class Typed(NamedTuple):
    """A note with words that are not sent, typed again since it was made with the first ones."""

    agreed: Agreed
    note: str
    words: list[str]


def with_more(document: Document) -> Document:
    """The document with one more highlight, as news."""
    number = len(document.highlights) + 90
    new = replace(
        document.highlights[0], id=f"{number}", block_id=f"rw{number}", text=f"Passage {number}.", note="", tags=()
    )
    return replace(document, highlights=(*document.highlights, new))


def typed_again(seed: int) -> tuple[Typed, Editing]:
    """Edit a note, have it made with that and with news, and edit it again."""
    _, editing = edited(seed)
    pick = random.Random(seed)  # noqa: S311  # to be had again, not to be secret
    known = Agreed(editing.base.text, editing.base.layout, editing.document)
    news = with_more(editing.document)
    made = merged(known, Held(editing.ours), news, lambda document: render(editing, document))
    agreed = Agreed(made.base.text, made.base.layout, news, shown=made.shown)
    note = made.text
    spots = [spot for spot in readings(agreed, Held(note))[""].spots if spot.field in ("note", "tags", "author")]
    again = [spot for spot in spots if (spot.owner, spot.field) in editing.wanted] or spots
    if again:
        spot = pick.choice(again)
        editing.document = news
        value = new_value(editing, Span(spot.start, spot.end, spot.owner, spot.field, spot.via))
        editing.wanted[spot.owner, spot.field] = value
        note = note[: spot.start] + shown(value, spot.via) + note[spot.end :]
    if pick.random() < 0.3:  # and a label, so that a value can't be read any more
        note = note.replace("Note", "Remark", 2).replace("note::", "remark::", 1)
    lines = [line.strip("> -\t") for one in editing.wanted.values() if isinstance(one, str) for line in one.split("\n")]
    return Typed(agreed, note, [line for line in lines if len(line) > 7 and line in note]), editing


def render(editing: Editing, document: Document) -> Rendered:
    """The note of a document, by the template of an editing."""
    return lens_case.note_of(document, editing.shape)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_word_goes_with_the_news(seed: int) -> None:
    typed, editing = typed_again(seed)
    gone = editing.pick.choice(typed.agreed.document.highlights)
    left = tuple(one for one in typed.agreed.document.highlights if one != gone)
    for news in (with_more(typed.agreed.document), replace(typed.agreed.document, highlights=left)):
        made = merged(typed.agreed, Held(typed.note), news, lambda document: render(editing, document))
        assert [words for words in typed.words if words not in made.text] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_proven_was_meant(seed: int) -> None:
    typed, editing = typed_again(seed)
    held = Held(typed.note)
    read = readings(typed.agreed, held)
    found = edits(typed.agreed.document, together(read))

    def proven(agreed: Agreed) -> list[tuple[str, str]]:
        proof = Proof(Copy("A.md", agreed, held, read, typed.agreed.document), lambda one: render(editing, one))
        return [(edit.owner, edit.field) for edit in found if proof.holds([edit])]

    sure, before = proven(typed.agreed), proven(replace(typed.agreed, shown={}))
    assert set(before) <= set(sure)
    for edit in found:
        if (edit.owner, edit.field) in set(sure) - set(before):
            meant = editing.wanted[edit.owner, edit.field]
            assert edit.after == meant or set(edit.after) == set(meant)
