"""Today's review as a note: each highlight embedded from the note that holds its block, else quoted.

Such a note is written once a day, and again only while it is as it was written; then it is its user's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

import msgspec

from vaultsync.desk import Desk
from vaultsync.disk.vault import Refused, Write, digest
from vaultsync.drafting.strays import Strays
from vaultsync.errors import ConfigError, VaultError
from vaultsync.hookspecs import Review, Reviewer
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


def review(workspace: Workspace, source_name: str, *, dry: bool = False) -> Outcome:
    """Write today's review as a note. dry: only say what would be done. Raises VaultsyncError."""
    source = workspace.sources.get(source_name)
    if not isinstance(source, Reviewer):
        known = ", ".join(workspace.sources) or "none"
        raise ConfigError(
            f'vaultsync.toml has no source "{source_name}". Nothing was written.', hint=f"It has: {known}."
        )
    today = workspace.now.astimezone().date()
    path = PathRenderer(workspace.config.review.path, workspace.host.template_filters()).path_of(date=today)
    told = source.review()
    if not told.highlights:
        return Outcome("empty", path, told)
    links = _Links(workspace).of(told)
    text = _rendered(workspace, told, links, today)
    return Outcome(_written(workspace, path, text, dry=dry), path, told, len(links))


def _rendered(workspace: Workspace, told: Review, links: Mapping[str, str], today: date) -> str:
    """The note's text. Raises TemplateError."""
    templates = workspace.templates
    name, sources = templates.review(), templates.sources
    shown = {each: templates.shown(each) for each in sources}
    render = plain_renderer(name, sources, shown, workspace.host.template_filters())
    highlights = [{**asdict(one), "link": links.get(one.id, "")} for one in told.highlights]
    values = {"id": told.id, "url": told.url, "completed": told.completed, "highlights": highlights}
    return render(review=values, date=today).rstrip("\n") + "\n"


def _written(workspace: Workspace, path: str, text: str, *, dry: bool) -> Literal["written", "unchanged", "left"]:
    """Write the note, unless its user has made it theirs. Raises VaultError."""
    data, state = workspace.vault.read(path), workspace.state
    new = text.encode()
    if data == new:
        return "unchanged"
    if data is not None and state.cursor(_KEY) != _mark(path, data):
        return "left"
    if dry:
        return "written"
    page = workspace.vault.write([Write(path, new, None if data is None else digest(data))])
    outcome = page.outcomes[0]
    if not isinstance(outcome, Refused):
        with state.transaction():
            state.set_cursor(_KEY, _mark(path, new))
            was = None if data is None else data.decode()
            Journal(state).note(Deed(_KEY, None, (FileDeed(path, was, outcome.digest),)))
    page.settle()
    if isinstance(outcome, Refused):
        raise VaultError(outcome.message, path=path, hint="Look into it, then run again.")
    return "written"


def _mark(path: str, data: bytes) -> str:
    """What is remembered of the last review that was written."""
    return f"{digest(data).hex()} {path}"


class _Links:
    """Where in the vault the highlights of a review are."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._survey = Desk(workspace).survey
        self._strays = Strays(workspace.vault, lambda: self._survey)

    def of(self, told: Review) -> dict[str, str]:
        """What to embed, by the highlight's id; those that stand in no note are left out."""
        links = {one.id: self._link(one.id) for one in told.highlights}
        return {id_: link for id_, link in links.items() if link}

    def _link(self, id_: str) -> str:
        for identity in self._workspace.state.ids_with_span(id_):
            entry = self._workspace.state.entry(identity)
            if entry is None or entry.base is None:
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
