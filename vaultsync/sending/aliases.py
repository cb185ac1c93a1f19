"""Values a service spells otherwise than the note they came from: each keeps its own, and neither is an edit. No I/O.

A service may trim what it is sent, or write a tag in lower case. Sent back, that would change the user's note; left
alone, it would look like an edit and be sent again and again. So what was typed stands in for what the service made
of it, for as long as the service says that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from vaultsync.hookspecs import Edit
from vaultsync.model import Document, Highlight, Value, field_value, values_of, with_fields
from vaultsync.tags import local_tag

# The field of an alias that holds tags the note had before it was taken over: its user's own, never sent.
OWN_TAGS = "own tags"
# The field of an alias that says: this block is as another program laid it out, so most of it can't be read back.
LAYOUT = "layout"
# The field of an alias that says: this block is in no note now; ours is its highlight as it last was in one.
AWAY = "away"
# What the field of an alias begins with that says: ours was sent, and what else the source has is not in the note yet.
_SENT = "sent "
# What one begins with that says: ours was sent over theirs, and nothing was heard of it yet.
_UNHEARD = "unheard "
# What one begins with that says: the note was last made with ours, which the source has not.
_SHOWN = "shown "


_highlights = msgspec.json.Decoder(Highlight)


class Alias(msgspec.Struct, frozen=True, array_like=True):
    """A field the two sides spell differently. owner: the highlight's id, "" for the document."""

    owner: str
    field: str
    theirs: Value
    ours: Value


def localized(document: Document, aliases: Iterable[Alias]) -> Document:
    """The document as the note spells it.

    >>> d = Document(id="r:1", title="", note="a b")
    >>> localized(d, [Alias("", "note", "a b", "a  b")]).note
    'a  b'
    """
    changed: dict[str, dict[str, Value]] = {}
    owners: dict[str, Document | Highlight] = {"": document}
    owners |= {highlight.id: highlight for highlight in document.highlights}
    for one in aliases:
        name = "tags" if one.field == OWN_TAGS else one.field
        owner = owners.get(one.owner)
        now = changed.get(one.owner, {}).get(name, field_value(owner, name) if owner else None)
        spelled = _spelled(now, one)
        if spelled is not None and spelled != now:
            changed.setdefault(one.owner, {})[name] = spelled
    if not changed:
        return document
    highlights = tuple(with_fields(highlight, changed.get(highlight.id, {})) for highlight in document.highlights)
    return msgspec.structs.replace(with_fields(document, changed.get("", {})), highlights=highlights)


def _spelled(now: Value | None, alias: Alias) -> Value | None:
    """A value of the service in the note's spelling; tags one by one, for their set may have changed since."""
    if isinstance(now, tuple) and isinstance(alias.ours, tuple):
        if alias.field == OWN_TAGS:
            there = {tag.casefold() for tag in now}
            return (*now, *(tag for tag in alias.ours if tag.casefold() not in there))
        return _typed(now, alias.ours)
    return alias.ours if now == alias.theirs else now


def as_last_shown(document: Document, aliases: Iterable[Alias]) -> Document:
    """The document with every highlight whose block is in no note as it was when it last was in one."""
    shown = {one.owner: _highlights.decode(str(one.ours)) for one in aliases if one.field == AWAY}
    if not shown:
        return document
    highlights = tuple(shown.get(highlight.id, highlight) for highlight in document.highlights)
    return msgspec.structs.replace(document, highlights=highlights)


def with_sent(aliases: Iterable[Alias], edit: Edit) -> tuple[Alias, ...]:
    """The aliases, once the source has taken an edit: on that both sides agree, whatever is typed from now on."""
    field = f"{_SENT}{edit.field}"
    others = (one for one in heard(aliases, edit) if (one.owner, one.field) != (edit.owner, field))
    return (*others, Alias(edit.owner, field, "", edit.after))


def sent(aliases: Iterable[Alias]) -> dict[tuple[str, str], Value]:
    """What was sent since the note was last agreed on as a whole, by owner and field.

    >>> sent(with_sent((), Edit("r:1", "", "note", "was", "mine")))
    {('', 'note'): 'mine'}
    """
    return _values(aliases, _SENT)


def with_unheard(aliases: Iterable[Alias], edits: Iterable[Edit]) -> tuple[Alias, ...]:
    """The aliases before edits are sent: if no answer comes, it is not known whether the source has them.

    Of texts only: of tags each is told by itself, and they are in no conflict.
    """
    sending = [edit for edit in edits if isinstance(edit.after, str)]
    for edit in sending:
        aliases = heard(aliases, edit)
    return (*aliases, *(Alias(one.owner, f"{_UNHEARD}{one.field}", one.before, one.after) for one in sending))


def heard(aliases: Iterable[Alias], edit: Edit) -> tuple[Alias, ...]:
    """The aliases once the source has answered to an edit."""
    return tuple(one for one in aliases if (one.owner, one.field) != (edit.owner, f"{_UNHEARD}{edit.field}"))


def arrived(aliases: Iterable[Alias], newest: Document) -> dict[tuple[str, str], Value]:
    """What the source says now that was sent to it, or stood there then, in fields of which nothing was heard since.

    >>> unheard = with_unheard((), [Edit("r:1", "", "note", "was", "mine")])
    >>> arrived(unheard, Document(id="r:1", title="", note="mine")), arrived(unheard, Document(id="r:1", title=""))
    ({('', 'note'): 'mine'}, {})
    """
    unheard = {(one.owner, one.field.removeprefix(_UNHEARD)): one for one in aliases if one.field.startswith(_UNHEARD)}
    said = values_of(newest, unheard)
    return {field: value for field, value in said.items() if value in (unheard[field].theirs, unheard[field].ours)}


def shown(aliases: Iterable[Alias]) -> dict[tuple[str, str], Value]:
    """What the note was last made with that the source has not, by owner and field."""
    return _values(aliases, _SHOWN)


def agreed_anew(
    aliases: Iterable[Alias],
    newest: Document,
    away: Iterable[Highlight] = (),
    shown: Mapping[tuple[str, str], Value] = MappingProxyType({}),
) -> tuple[Alias, ...]:
    """The aliases once a note is agreed on as a whole.

    away: highlights with news whose block is in no note. shown: what the note was made with that newest has not.
    """
    told = (Alias(one.id, AWAY, "", msgspec.json.encode(one).decode()) for one in away)
    mine = (Alias(owner, f"{_SHOWN}{field}", "", value) for (owner, field), value in shown.items())
    return (*(one for one in aliases if not _is_over(one, newest)), *told, *mine)


def _is_over(alias: Alias, newest: Document) -> bool:
    """Whether an alias has nothing to say any more, now that the note is agreed on."""
    if alias.field.startswith(_UNHEARD):  # what the source said then it may say until what was sent arrives
        field = (alias.owner, alias.field.removeprefix(_UNHEARD))
        return values_of(newest, [field]).get(field) != alias.theirs
    return alias.field == AWAY or alias.field.startswith((_SENT, _SHOWN))


def _values(aliases: Iterable[Alias], mark: str) -> dict[tuple[str, str], Value]:
    """What the aliases of a kind hold, by owner and field."""
    return {(one.owner, one.field.removeprefix(mark)): one.ours for one in aliases if one.field.startswith(mark)}


def _typed(now: tuple[str, ...], ours: tuple[str, ...]) -> tuple[str, ...]:
    """Tags of the service as they were typed: but for case, or where it has none of it, as a vault spells them.

    >>> _typed(("Stoic", "to-read", "new"), ("stoic", "to read"))
    ('stoic', 'to read', 'new')
    """
    typed, there = {tag.casefold(): tag for tag in ours}, {tag.casefold() for tag in now}
    missing = {local_tag(tag).casefold(): tag for name, tag in typed.items() if name not in there}
    other = Counter(local_tag(tag).casefold() for tag in now if tag.casefold() not in typed)

    def spelled(tag: str) -> str:
        local = local_tag(tag).casefold()
        # Of two that a vault spells alike it can't be told which was meant.
        return typed.get(tag.casefold()) or (missing.get(local, tag) if other[local] == 1 else tag)

    found = tuple(map(spelled, now))
    return ours if {tag.casefold() for tag in found} == typed.keys() else found


def learned(document: Document, edits: Iterable[Edit], known: Iterable[Alias]) -> tuple[Alias, ...]:
    """The aliases once edits were sent. document: as the service has it now. known: those before."""
    aliases = {(one.owner, one.field): one for one in known}
    owners: dict[str, Document | Highlight] = {"": document}
    owners |= {highlight.id: highlight for highlight in document.highlights}
    for edit in edits:
        owner = owners.get(edit.owner)
        theirs = field_value(owner, edit.field) if owner else None
        aliases.pop((edit.owner, edit.field), None)
        if theirs is not None and theirs != edit.after:
            aliases[edit.owner, edit.field] = Alias(edit.owner, edit.field, theirs, edit.after)
        own = aliases.get((edit.owner, OWN_TAGS))
        if own is not None and edit.field == "tags":  # one its user has taken out is not their own any more
            left = tuple(tag for tag in own.ours if tag in edit.after)
            aliases[edit.owner, OWN_TAGS] = msgspec.structs.replace(own, ours=left)
    return tuple(one for one in aliases.values() if one.owner in owners)
