"""Adopting, step by step: know every document, look at notes nobody knows, plan, then make the plan true.

Decides nothing of its own: whose a note is and what it becomes is decided in takeover.py. A plan is carried out as a
page of an export is, so that a crash is repaired by the next run and `undo` gives back every byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from vaultsync.adopting.takeover import Match, Shelf, TakenOver, matched, shelved, taken_over
from vaultsync.disk.vault import digest
from vaultsync.drafting.decisions import Decider, Decision, Draft, Wanted
from vaultsync.drafting.drafts import Drafts
from vaultsync.drafting.intake import Intake
from vaultsync.drafting.survey import Place
from vaultsync.errors import ConfigError, PluginError, SourceError, VaultError
from vaultsync.hookspecs import Fetch, Source
from vaultsync.model import Document
from vaultsync.plan import SAVED_SINCE, Action, OnDisk
from vaultsync.report import Report
from vaultsync.rounds import Round
from vaultsync.storage.entry import Entry
from vaultsync.workspace import Workspace

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Taking:
    """One note that is to be taken over. by: what tells whose it is. held: digest of what it holds."""

    path: str
    document: Document
    by: str
    held: bytes
    becomes: TakenOver


@dataclass(frozen=True, slots=True)
class Left:
    """A note that looks like one, and is left alone. why: a sentence."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What adopting would do, by path."""

    takings: tuple[Taking, ...] = ()
    left: tuple[Left, ...] = ()


class Adopter(Decider):
    """Decides drafts by a plan. takings: by the id of their document."""

    takings: Mapping[str, Taking] = msgspec.field(default_factory=dict)

    def _decision(self, source: Source, draft: Draft, place: Place, pending: Mapping[str, Wanted]) -> Decision:
        del source, place, pending  # what is to be done was planned
        taking = self.takings[draft.entry.id]
        data = self.vault.read(taking.path) or b""
        if digest(data) != taking.held:
            return Decision(draft, Action.LEAVE, Place(OnDisk.NOWHERE), path=taking.path, why=SAVED_SINCE)
        there = Place(OnDisk.FOUND, taking.path, taking.held, self.vault.found(taking.path))
        becomes = taking.becomes
        entry = msgspec.structs.replace(draft.entry, aliases=becomes.aliases)
        return Decision(
            Draft(entry, draft.before, draft.keys, draft.asked),
            Action.MERGE,
            there,
            rendered=becomes.base,
            path=taking.path,
            writes={taking.path: Wanted(becomes.text, taking.held, data.decode())},
            category=taking.document.category,
            conflicts=becomes.conflicts,
            tags=frozenset(taking.document.tags).union(*[one.tags for one in taking.document.highlights]),
        )


class Adoption:
    """Adopting in one vault; used once, within `workspace.opened`."""

    def __init__(self, workspace: Workspace) -> None:
        """Look where every note is. Raises VaultsyncError for what stops everything."""
        self._workspace = workspace
        self._run = Round(workspace, dry=False, meant=False, announce=lambda _: None)
        self._run.look()

    def plan(self, paths: Collection[str] = (), sources: Collection[str] = ()) -> Plan:
        """What would be done. paths: only these notes, and those in these folders; inside the vault, all if empty.

        sources: only what these hold, all if empty. Asks those that were never listed completely; what they tell is
        kept, and no note is written.
        """
        chosen = dict(self._run.chosen(sources))
        for name, source in chosen.items():
            if self._workspace.history.last_full(name) is None:
                self._ask(name, source)
        self._workspace.renders.try_out()
        shelf = shelved(self._documents(chosen))
        matches: dict[str, tuple[Match, ...]] = {}
        texts: dict[str, bytes] = {}
        for path, data in self._unknown(paths):
            found = matched(data.decode(), path.rpartition("/")[2].removesuffix(".md"), shelf)
            if found:
                matches[path], texts[path] = found, data
        rivals = _rivals(matches)
        planned = [self._planned(path, found, texts[path], shelf, rivals) for path, found in sorted(matches.items())]
        return Plan(
            tuple(one for one in planned if isinstance(one, Taking)),
            tuple(one for one in planned if isinstance(one, Left)),
        )

    def carry_out(self, plan: Plan) -> Report:
        """Write the notes of a plan, and remember them. Raises VaultError if none can be written."""
        state, run = self._workspace.state, self._run
        takings = {one.document.id: one for one in plan.takings}
        old = run.drafts.decider
        adopter = Adopter(old.vault, old.survey, old.strays, old.renders, old.tags, takings=takings)
        drafts = Drafts(run.drafts.vault, state, run.survey, run.tally, adopter, run.journal, self._workspace.now)
        drafts.pictures = run.drafts.pictures
        entries = [entry for identity in takings if (entry := state.entry(identity)) is not None]
        for name, source in run.chosen(()):
            mine = [entry for entry in entries if entry.source == name]
            for at in range(0, len(mine), _PAGE):
                drafts.settle(source, [_draft(entry) for entry in mine[at : at + _PAGE]])
        report = run.report()
        told = report.as_json()
        self._workspace.history.append(
            {"ended": self._workspace.now.isoformat(), "command": "adopt", "exit": report.exit_code, **told}
        )
        return report

    def so_far(self) -> Report:
        """What came of the look alone: no more than what could not be asked or read."""
        report = self._run.report()
        return Report(errors=report.errors, problems=report.problems, requests=report.requests)

    def _ask(self, name: str, source: Source) -> None:
        """Take in what a source tells. Its notes wait: the next export writes those nobody has taken over."""
        state, run = self._workspace.state, self._run
        try:
            for page in source.pages(Fetch(state.cursor(name))):
                intake = Intake(self._workspace.accounts[name], source, state, run.survey, run.tally)
                drafts = intake.drafts(page.pieces)
                run.tally.problems |= dict.fromkeys(page.problems)
                with state.transaction():
                    for draft in drafts:
                        self._keep(draft)
                    intake.commit()
                    state.set_cursor(name, page.cursor)
                self._workspace.progress.say(page.label or name, page.done)
        except SourceError as error:
            run.tally.errors.append(error)

    def _keep(self, draft: Draft) -> None:
        state, entry = self._workspace.state, draft.entry
        if draft.before is not None and draft.before.id != entry.id:
            state.rekey(draft.before.id, entry.id)
        state.put(msgspec.structs.replace(entry, pending=True) if draft.is_news else entry)
        state.put_pieces(entry.id, draft.keys)

    def _documents(self, sources: Mapping[str, Source]) -> Iterator[Document]:
        """Every document of these sources that is known, as templates see it; reviews only repeat others."""
        state = self._workspace.state
        for name, source in sources.items():
            for entry in filter(None, map(state.entry, state.ids(name))):
                if entry.is_review:
                    continue
                try:
                    document = self._workspace.renders.filtered(source.document(entry.record))
                except (PluginError, SourceError) as error:
                    self._run.tally.fail(error)
                    continue
                if document is not None:
                    yield document

    def _unknown(self, paths: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Every note that has no id and is no template, with what it holds."""
        survey, vault = self._run.survey, self._workspace.vault
        known = {place.path for place in survey.places.values()}
        folder = self._workspace.config.notes.templates.rstrip("/")
        for path in sorted(survey.scan.notes):
            if path in known or (folder and path.startswith(f"{folder}/")) or not _is_among(path, paths):
                continue
            try:
                data = vault.read(path) if vault.identity(path) is None else None
            except VaultError as error:
                self._run.tally.fail(error)
                continue
            if data and _is_text(data):
                yield path, data

    def _planned(
        self, path: str, found: tuple[Match, ...], data: bytes, shelf: Shelf, rivals: Mapping[str, list[str]]
    ) -> Taking | Left:
        """What becomes of one note that is of a document, or why it is left."""
        if len(found) > 1:
            return Left(path, f"It may be of {', '.join(_titles([shelf.documents[one.document] for one in found]))}.")
        document, by = shelf.documents[found[0].document], found[0].by
        home = self._run.survey.place(document.id)
        others = [other for other in rivals[document.id] if other != path]
        if others:
            return Left(path, f"{', '.join(others)} is of the same document; name the one that is to be taken over.")
        if home.on_disk is not OnDisk.NOWHERE:
            return Left(path, f"Its document has a note already, {home.path}; delete one of them first.")
        if document.deleted:
            return Left(path, "Its document is gone at the source.")
        becomes = taken_over(data.decode(), document, self._workspace.render_note)
        if becomes is None:
            return Left(path, "Its properties are not YAML that can be added to; mend them by hand.")
        return Taking(path, document, by, digest(data), becomes)


def inside(workspace: Workspace, path: str) -> str:
    """A path as the vault has it. Raises ConfigError if nothing is there, or it is not in the vault."""
    from pathlib import Path

    root = workspace.vault.root
    for candidate in (Path.cwd() / path, root / path):
        resolved = candidate.resolve()
        if resolved.exists() and resolved.is_relative_to(root):
            return resolved.relative_to(root).as_posix()
    raise ConfigError(
        f"There is no {path} in the vault. Nothing was done.", hint="Name a note, or a folder of notes, in the vault."
    )


def _titles(documents: Sequence[Document]) -> Iterator[str]:
    """Name documents, by their ids as well if two are called the same, as in two accounts."""
    counts = Counter(one.title for one in documents)
    yield from (f'"{one.title}"{f" ({one.id})" if counts[one.title] > 1 else ""}' for one in documents)


def _draft(entry: Entry) -> Draft:
    return Draft(msgspec.structs.replace(entry, pending=True), entry, asked=True)


def _rivals(matches: Mapping[str, tuple[Match, ...]]) -> dict[str, list[str]]:
    """The notes that are certainly of each document."""
    found: dict[str, list[str]] = {}
    for path, each in matches.items():
        if len(each) == 1:
            found.setdefault(each[0].document, []).append(path)
    return found


def _is_among(path: str, paths: Iterable[str]) -> bool:
    wanted = list(paths)
    return not wanted or any(one == "." or path == one or path.startswith(f"{one}/") for one in wanted)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
