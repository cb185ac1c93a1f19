"""Say which fields of a template's notes can be edited: those that are read back right when they are. No I/O.

Documents are made up and rendered, one value is typed over in the note, and the note is read. A field is writable if
it was never read wrongly and hardly ever refused: writable means passed. What is printed but can't be read is told
with its reason and its cure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from vaultsync.errors import TemplateError
from vaultsync.lens.cuts import AMBIGUOUS
from vaultsync.lens.inverse import Value
from vaultsync.lint import reasons as why
from vaultsync.lint.trials import FIELDS, Done, Key, Owner, Tally, Trials, Where, owner_of
from vaultsync.model import PUBLISHED, Document, is_data, with_fields
from vaultsync.rendering.specimen import Specimens, long_texts
from vaultsync.rendering.specimen import specimens as specimens_of
from vaultsync.rendering.tracked import Rendered

# Goes up whenever the same template would be judged otherwise.
VERSION = 3

_DOCUMENTS, _TRIALS = 40, 160  # at most, whichever comes first
_ENOUGH = 3  # of them, to see whether a note depends on a field


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one field that a template prints.

    reason, cure: why it is read-only, without a full stop, and what makes it writable. remark: what does not work
    although it is writable.
    """

    owner: Owner
    field: str
    writable: bool
    reason: str = ""
    cure: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Lint:
    """What was found of one template: of each field it prints, and what else its author should know."""

    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...] = ()

    def writable(self, owner: str, field: str) -> bool:
        """Whether what is typed into a field counts. owner: "" is the document, anything else a highlight."""
        if is_data(field):  # the lens reads it as data where it stands as a property of its own, and nowhere else
            return True
        return any(one.writable for one in self.verdicts if (one.owner, one.field) == (owner_of(owner), field))

    def why_read_only(self, owner: str, field: str) -> str:
        """Why what is typed into a field does not count, and what makes it, as sentences; "" if it does."""
        if self.writable(owner, field):
            return ""
        found = next((one for one in self.verdicts if (one.owner, one.field) == (owner_of(owner), field)), None)
        if found is None:
            return "The template does not print it so that it can be edited."
        return f"In this template it is read-only: {found.reason}. {found.cure}".rstrip()


def lint(render: Callable[[Document], Rendered], category: str) -> Lint:
    """Try what can be edited in the notes that `render` makes of documents of a category."""
    specimens, trials = Specimens(category), Trials()
    notes: list[tuple[Document, Rendered]] = []
    beside: dict[tuple[Key, Key], str] = {}
    for _ in range(_DOCUMENTS):
        document = specimens.document()
        note = _rendered(render, document)
        if note is not None:
            notes.append((document, note))
            beside |= _beside(note)
            specimens.joints = tuple(dict.fromkeys(beside.values()))
            trials.over(document, note, specimens)
        if trials.count >= _TRIALS:
            break
    found = {key: _refusal(trials, key) for key in trials.tallies}
    _spread(found, beside)
    documents = [*specimens_of(category)[:1], *(document for document, _ in notes[:_ENOUGH])]
    placeless = [key for key in FIELDS if key not in found or trials.tallies[key].only_empty]
    found |= {key: word for key in placeless if (word := _unread(render, documents, key))}
    return Lint(
        tuple(_verdict(trials, key, found[key]) for key in FIELDS if key in found),
        _warnings(note for _, note in notes),
    )


def _rendered(render: Callable[[Document], Rendered], document: Document) -> Rendered | None:
    """The note; None if the template can't make one of this document, which is not the lint's business to tell."""
    try:
        return render(document)
    except TemplateError:
        return None


# What may stand between two words as well as between two values.
_PROSE = re.compile(r"[ \t]*(?:[,;:.·–—/|+&!?-]+|[a-z]+)?[ \t]+")


def _beside(note: Rendered) -> dict[tuple[Key, Key], str]:
    """Fields that stand on one line with something between them that values may hold too, and that."""
    found = {}
    for one, other in zip(note.layout.spans, note.layout.spans[1:], strict=False):
        between = note.text[one.end : other.start]
        if _PROSE.fullmatch(between):
            found[(owner_of(one.owner), one.field), (owner_of(other.owner), other.field)] = between
    return found


# --- what the trials say ----------------------------------------------------------------------------------------------

_WHERE: tuple[Where, ...] = ("property", "text")
_REMARKS: tuple[tuple[Done, str], ...] = (
    ("begun", why.NOT_BEGUN),
    ("cleared", why.NOT_CLEARED),
    ("long", why.NOT_WHILE_LONG),
    ("listed", why.NOT_WHILE_LISTED),
)


def _refusals(tally: Tally) -> dict[Where, str]:
    """Why changes are refused, by where the field stands; "" where they are not."""
    places = [where for where in _WHERE if tally.told(where)]
    return {where: tally.refusal(where, "changed" if tally.told(where, "changed") else None) for where in places}


def _refusal(trials: Trials, key: Key) -> str:
    """Why a field can't be edited anywhere, "" if it can."""
    refusals = list(_refusals(trials.tallies[key]).values())
    return refusals[0] if all(refusals) else AMBIGUOUS if key in trials.misread else ""


def _spread(found: dict[Key, str], beside: Iterable[tuple[Key, Key]]) -> None:
    """What stands beside a value whose end can't be told has no certain beginning, though chance may not have shown."""
    pairs = [*beside, *((other, one) for one, other in beside)]
    while more := {other for one, other in pairs if found.get(one) == AMBIGUOUS and found.get(other) == ""}:
        found |= dict.fromkeys(more, AMBIGUOUS)


def _verdict(trials: Trials, key: Key, refusal: str) -> Verdict:
    """What to tell of a field. refusal: why it can't be edited, "" if it can."""
    owner, name = key
    if refusal:
        return Verdict(owner, name, False, *why.explained(refusal, owner=owner, field=name))
    tally = trials.tallies[key]
    refusals = _refusals(tally)
    good = [where for where, one in refusals.items() if not one]
    bad = [why.explained(one, owner=owner, field=name)[0] for one in refusals.values() if one]
    remarks = [why.only(good[0], reason) for reason in bad]
    if key in trials.placeless and not any(tally.told(where, "begun") for where in good):
        remarks.append(why.NO_PLACE)
    remarks += [text for done, text in _REMARKS if any(tally.refusal(where, done) for where in good)]
    return Verdict(owner, name, True, remark=" ".join(remarks))


# --- printed, but not as itself ---------------------------------------------------------------------------------------


def _unread(render: Callable[[Document], Rendered], documents: Iterable[Document], key: Key) -> str:
    """Why a field can't be edited that has no place, but that the note changes with; "" if it does not."""
    owner, name = key
    for document in documents:
        if owner == "document" or document.highlights:
            one, other = long_texts(name)
            was, now = (_rendered(render, _with(document, key, text)) for text in (one, other))
            if was and now and was.text != now.text:
                if is_data(name):
                    return why.NO_DAY if name == PUBLISHED else why.NO_PROPERTY
                return why.PART if other.strip() in now.text else why.TRANSFORMED
    return ""


def _with(document: Document, key: Key, text: str) -> Document:
    """The document with another value of a field, of its own or of its first highlight."""
    owner, name = key
    value: Value = (text,) if name == "tags" else text
    if owner == "document":
        return with_fields(document, {name: value})
    first, *others = document.highlights
    return replace(document, highlights=(with_fields(first, {name: value}), *others))


# --- anchors ----------------------------------------------------------------------------------------------------------

SPLIT = (
    "The block id stands on a line of its own between two items of a list, and makes them two lists. "
    "Put {{ h.anchor }} at the end of the item's line."
)
_ITEM = re.compile(r"(?:[-*+]|\d+[.)])[ \t]")


def _warnings(notes: Iterable[Rendered]) -> tuple[str, ...]:
    return (SPLIT,) if any(_splits_list(note) for note in notes) else ()


def _splits_list(note: Rendered) -> bool:
    """Whether an anchor stands between two items of a list, as a paragraph of its own."""
    anchors = (span for span in note.layout.spans if span.field == "anchor")
    return any(_between_items(note.text[: span.start], note.text[span.end :]) for span in anchors)


def _between_items(before: str, after: str) -> bool:
    if not before.endswith("\n\n") or not after.startswith("\n"):
        return False
    last = next((line for line in reversed(before.split("\n")) if line[:1].strip()), "")
    following = next((line for line in after.split("\n") if line.strip()), "")
    return bool(_ITEM.match(last) and _ITEM.match(following))
