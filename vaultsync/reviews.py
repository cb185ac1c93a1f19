"""Today's review as a note: each highlight embedded from the note that holds its block, else quoted.

It is a note like any other from then on: what its user types stays, what is new is merged around that, and notes and
tags typed in it go to the highlights they stand under (reviewing/source.py).
"""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from vaultsync.drafting.decisions import Draft
from vaultsync.drafting.strays import Strays
from vaultsync.errors import VaultError
from vaultsync.hookspecs import Review, Reviewed
from vaultsync.lookup import offering
from vaultsync.model import Document, Highlight
from vaultsync.note import anchors
from vaultsync.plan import Action
from vaultsync.rendering.tracked import Layout
from vaultsync.reviewing import record as reviewing
from vaultsync.reviewing.record import KeptReview, Passage
from vaultsync.reviewing.source import WithReviews, review_prefix
from vaultsync.rounds import Round
from vaultsync.storage.entry import Entry
from vaultsync.workspace import Workspace

_LAYOUTS = msgspec.msgpack.Decoder(Layout)
_BREAKS_LINKS = re.compile(r"[\[\]|#^]|%%")
_Did = Literal["written", "merged", "unchanged", "left", "empty"]
_DID: dict[Action, _Did] = {
    Action.CREATE: "written",
    Action.UPDATE: "written",
    Action.MERGE: "merged",
    Action.NOTHING: "unchanged",
    Action.ADOPT: "unchanged",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a review. path: of its note; embedded: how many highlights stand in notes of the vault.

    why: it was left.
    """

    did: _Did
    path: str
    review: Review
    embedded: int = 0
    why: str = ""


def review(workspace: Workspace, source_name: str | None, *, dry: bool = False) -> Outcome:
    """Write today's review as a note. source_name: None for the one that has reviews. Raises VaultsyncError.

    dry: only say what would be done.
    """
    source = offering(source_name, workspace.sources, "review", usual="readwise")
    told = source.review()
    if not told.highlights:
        return Outcome("empty", "", told)
    with workspace.state.pretend() if dry else nullcontext():
        run = Round(workspace, dry, meant=False, announce=lambda _: None)
        run.look()
        made = _Found(run, source).review(told, workspace.now.astimezone().date())
        return _settled(run, source, made, told)


def _settled(run: Round, source: WithReviews, made: KeptReview, told: Review) -> Outcome:
    """Make the note true. Raises VaultsyncError if it could not be."""
    state = run.workspace.state
    before = state.entry(made.id)
    if before is not None:  # what it told earlier that day may have been written about
        made = reviewing.joined(made, reviewing.opened(source.brought_up(before.record)))
    record = reviewing.kept(made)
    entry = before.told(record) if before is not None else Entry(made.id, source.name, record)
    unread = len(run.tally.errors)  # notes of others
    run.drafts.settle(source, [Draft(entry, before, {made.id: None}, asked=True)])
    for error in run.tally.errors[unread:]:
        raise error
    embedded = sum(bool(one.link) for one in made.passages)
    change = run.tally.changes.get(made.id)
    if change is None:
        path = before.path if before is not None else None
        return Outcome("left", path or "", told, embedded, "a highlight of it is gone; the next export takes it out")
    did = _DID.get(change.action, "left")
    why = change.why or change.action.value if did == "left" else ""
    return Outcome(did, change.path, told, embedded, why)


class _Found:
    """Where in the vault, and in what is known, the highlights of a review are."""

    def __init__(self, run: Round, source: WithReviews) -> None:
        self._run, self._state, self._source = run, run.workspace.state, source
        self._strays = Strays(run.vault, run.whole)

    def review(self, told: Review, day: date) -> KeptReview:
        """What is kept of a review."""
        homes = self._homes({one.id for one in told.highlights})
        each_once = {one.id: one for one in told.highlights}
        passages = tuple(self._passage(one, homes.get(id_)) for id_, one in each_once.items())
        account = self._source.account
        return KeptReview(
            id=f"{review_prefix(account.name)}:{day}",
            source=account.type,
            account=account.name,
            blocks=account.blocks,
            day=day,
            review=told.id,
            url=told.url,
            completed=told.completed,
            passages=passages,
        )

    def _passage(self, one: Reviewed, home: tuple[Document, Highlight] | None) -> Passage:
        """A highlight as its document has it; as the review tells it, if that is not known."""
        known = Passage(one.id, one.text, one.note, title=one.title, author=one.author)
        if home is None:
            return known
        document, highlight = home
        return msgspec.structs.replace(
            known,
            tags=highlight.tags,
            document=document.id,
            link=self._link(document.id, highlight.id),
        )

    def _homes(self, wanted: set[str]) -> dict[str, tuple[Document, Highlight]]:
        """The documents these highlights are from. Most stand in notes; the others are looked for in all records."""
        found: dict[str, tuple[Document, Highlight]] = {}
        for id_ in wanted:
            found |= self._among(self._state.ids_with_span(id_), {id_})
        missing = wanted - found.keys()
        if missing:
            found |= self._among([row.id for row in list(self._state.rows())], missing)
        return found

    def _among(self, ids: list[str], wanted: set[str]) -> dict[str, tuple[Document, Highlight]]:
        found: dict[str, tuple[Document, Highlight]] = {}
        for identity in ids:
            entry = self._source.known(identity)
            if entry is None or reviewing.is_review(entry.record):
                continue
            document = self._source.document(entry.record)
            found |= {one.id: (document, one) for one in document.live if one.id in wanted}
        return found

    def _link(self, identity: str, highlight: str) -> str:
        """What to embed a highlight by; "" if it stands in no note, or in one that no link can name."""
        entry = self._state.entry(identity)
        if entry is None or entry.base is None:
            return ""
        blocks = _LAYOUTS.decode(entry.base.spans).blocks
        name = next((one.block_id for one in blocks if one.id == highlight), "")
        path = self._holding(identity, name) if name else ""
        return f"{path.removesuffix('.md')}#^{name}" if path else ""

    def _holding(self, identity: str, name: str) -> str:
        """The note that holds a block, its document's or another; "" if none does, or none can be linked to."""
        place = self._run.survey.place(identity)
        if place.found is None:
            return ""
        try:
            text = (self._run.vault.read(place.path) or b"").decode(errors="replace")
        except VaultError:
            return ""
        paths = (place.path,) if anchors(text, {name}) else self._strays.holding({name}, besides=place.path)
        return next((path for path in paths if not _BREAKS_LINKS.search(path)), "")
