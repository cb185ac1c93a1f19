"""Today's review as a note: each highlight embedded from the note that holds its block, else quoted.

Such a note is written once a day, and again only while it is as it was written; then it is its user's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal, NamedTuple

import msgspec

from vaultsync.accounts import Account
from vaultsync.desk import Desk
from vaultsync.disk.vault import Refused, Write, digest
from vaultsync.drafting.strays import Strays
from vaultsync.errors import VaultError
from vaultsync.hookspecs import Review
from vaultsync.lookup import offering
from vaultsync.note import anchors
from vaultsync.rendering.render import PathRenderer, plain_renderer
from vaultsync.rendering.tracked import Layout
from vaultsync.storage.deeds import Deed, FileDeed, Journal
from vaultsync.workspace import Workspace

_LAYOUTS = msgspec.msgpack.Decoder(Layout)
_BREAKS_LINKS = re.compile(r"[\[\]|#^]|%%")
_KEY = "note:review"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a review. path: of its note; embedded: how many highlights stand in notes of the vault."""

    did: Literal["written", "unchanged", "left", "empty"]
    path: str
    review: Review
    embedded: int = 0


class Wanted(NamedTuple):
    """What is to be written where."""

    path: str
    text: str


def review(workspace: Workspace, source_name: str | None, *, dry: bool = False) -> Outcome:
    """Write today's review as a note. source_name: None for the one that has reviews. Raises VaultsyncError.

    dry: only say what would be done.
    """
    source = offering(source_name, workspace.sources, "review", usual="readwise")
    today = workspace.now.astimezone().date()
    path = _path(workspace, source.account, today)
    told = source.review()
    if not told.highlights:
        return Outcome("empty", path, told)
    links = _Links(workspace, source.name).of(told)
    text = _rendered(workspace, told, links, today)
    return Outcome(_written(workspace, _key(source.account), Wanted(path, text), dry=dry), path, told, len(links))


def _path(workspace: Workspace, account: Account, today: date) -> str:
    """Where the note goes. Accounts have a review each, so it says whose where the pattern does not."""
    pattern = workspace.config.review.path
    path = PathRenderer(pattern, workspace.host.template_filters()).path_of(date=today, account=account.name)
    said = "account" in pattern or not account.is_renamed
    return path if said else f"{path.removesuffix('.md')} ({account.name}).md"


def _key(account: Account) -> str:
    """What the last review of an account is remembered under."""
    return f"{_KEY}:{account.name}" if account.is_renamed else _KEY


def _rendered(workspace: Workspace, told: Review, links: Mapping[str, str], today: date) -> str:
    """The note's text. Raises TemplateError."""
    templates = workspace.templates
    name, sources = templates.review(), templates.sources
    shown = {each: templates.shown(each) for each in sources}
    render = plain_renderer(name, sources, shown, workspace.host.template_filters())
    highlights = [{**asdict(one), "link": links.get(one.id, "")} for one in told.highlights]
    values = {"id": told.id, "url": told.url, "completed": told.completed, "highlights": highlights}
    return render(review=values, date=today).rstrip("\n") + "\n"


def _written(workspace: Workspace, key: str, wanted: Wanted, *, dry: bool) -> Literal["written", "unchanged", "left"]:
    """Write the note, unless its user has made it theirs. Raises VaultError."""
    path, new, state = wanted.path, wanted.text.encode(), workspace.state
    data = workspace.vault.read(path)
    if data == new:
        return "unchanged"
    if data is not None and state.cursor(key) != _mark(path, data):
        return "left"
    if dry:
        return "written"
    page = workspace.vault.write([Write(path, new, None if data is None else digest(data))])
    outcome = page.outcomes[0]
    if not isinstance(outcome, Refused):
        with state.transaction():
            state.set_cursor(key, _mark(path, new))
            was = None if data is None else data.decode()
            Journal(state).note(Deed(key, None, (FileDeed(path, was, outcome.digest),)))
    page.settle()
    if isinstance(outcome, Refused):
        raise VaultError(outcome.message, path=path, hint="Look into it, then run again.")
    return "written"


def _mark(path: str, data: bytes) -> str:
    """What is remembered of the last review that was written."""
    return f"{digest(data).hex()} {path}"


class _Links:
    """Where in the vault the highlights of a review are."""

    def __init__(self, workspace: Workspace, source_name: str) -> None:
        self._workspace, self._source = workspace, source_name
        self._survey = Desk(workspace).survey
        self._strays = Strays(workspace.vault, lambda: self._survey)

    def of(self, told: Review) -> dict[str, str]:
        """What to embed, by the highlight's id; those that stand in no note are left out."""
        links = {one.id: self._link(one.id) for one in told.highlights}
        return {id_: link for id_, link in links.items() if link}

    def _link(self, id_: str) -> str:
        for identity in self._workspace.state.ids_with_span(id_):
            entry = self._workspace.state.entry(identity)
            # Another account may have a highlight of the same id.
            if entry is None or entry.base is None or entry.source != self._source:
                continue
            name = next((one.block_id for one in _LAYOUTS.decode(entry.base.spans).blocks if one.id == id_), "")
            path = self._holding(identity, name) if name else ""
            if path:
                return f"{path.removesuffix('.md')}#^{name}"
        return ""

    def _holding(self, identity: str, name: str) -> str:
        """The note that holds a block, its document's or another; "" if none does, or none can be linked to."""
        place = self._survey.place(identity)
        if place.found is None:
            return ""
        try:
            text = (self._workspace.vault.read(place.path) or b"").decode(errors="replace")
        except VaultError:
            return ""
        paths = (place.path,) if anchors(text, {name}) else self._strays.holding({name}, besides=place.path)
        return next((path for path in paths if not _BREAKS_LINKS.search(path)), "")
