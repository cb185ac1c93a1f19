"""A workspace kept open between runs. What changes in its vaultsync.toml or templates is taken over if it can be used.

Until then the old ones stay in use: a watcher goes on while someone is half way through an edit of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from vaultsync import config as configuration
from vaultsync import workspace as workspaces
from vaultsync.disk.root import MARKER
from vaultsync.errors import ConfigError, VaultError, VaultsyncError
from vaultsync.rendering import templates as template_files
from vaultsync.rendering.templates import Templates
from vaultsync.storage.lock import writer_lock
from vaultsync.watching.orders import COMMAND
from vaultsync.workspace import Stand, Workspace

UNATTENDED = 50
"""So many notes a changed template may change without a word."""
_HINT = 'If that is meant, run "vaultsync export"; unattended = true in [watch] allows it for good.'
_MEANWHILE = "The old ones stay in use until then."
# Of templates that changed while nobody watched the old ones are not known any more.
_AT_START = "Until then they stay as they are; only new notes and those with news or edits are made by the new ones."


class TooMany(ConfigError):
    """Changed templates would change more notes than may be without a word.

    notes: how many. what: by which it is told: that they become fewer is no news.
    """

    what = "changed templates"

    def __init__(self, notes: int, untouched: str) -> None:
        what = "Templates or plugins have changed"
        super().__init__(f"{what}: {notes:,} notes would be rendered again. {untouched}", hint=_HINT)
        self.notes = notes


class Kept(msgspec.Struct, frozen=True):
    """What is in use, for whoever goes on with it: the text of vaultsync.toml, and templates that work."""

    settings: str
    templates: Templates


class Standby:
    """Keeps a workspace for one run after the other. allowed: changed templates may change any number of notes."""

    def __init__(
        self, root: Path, env: Mapping[str, str], stand: Stand, *, allowed: bool, kept: Kept | None = None
    ) -> None:
        """Open the workspace. kept: what was in use before, be it on disk or not. Raises VaultsyncError."""
        self._root, self._env, self._stand, self._allowed = root, env, stand, allowed
        self._stack, self.workspace = self._opened(kept)
        self._doubtful = False
        try:
            self.holds_back = self._is_too_much(self.workspace)
        except BaseException:  # nobody else has it to close yet
            self.close()
            raise

    @property
    def kept(self) -> Kept:
        """What is in use."""
        return Kept(self.workspace.config.text, self.workspace.templates)

    def close(self) -> None:
        """Close the workspace."""
        self._stack.close()

    @contextmanager
    def at_work(self, now: datetime) -> Iterator[Workspace]:
        """Lend the workspace to one run, the only one at work on the vault. Raises AtWork."""
        with writer_lock(self.workspace.state.folder, COMMAND):
            self.workspace.now = now
            yield self.workspace

    def doubt(self) -> None:
        """Have the workspace opened anew when it is next refreshed: a token was refused, or state may be gone."""
        self._doubtful = True

    def refresh(self) -> bool:
        """Take over what has changed; whether notes are to be rendered again. Raises VaultsyncError if it can't be.

        Then the old workspace goes on. The error is one that says what is wrong, and where.
        """
        if self._is_stale():
            return self._renewed()
        if not self.holds_back:
            return False
        self.holds_back = self._is_too_much(self.workspace)
        if self.holds_back:
            raise TooMany(len(_outdated(self.workspace)), _AT_START)
        return True

    def _renewed(self) -> bool:
        stack, workspace = self._opened()
        try:
            if self._is_too_much(workspace):
                raise TooMany(len(_outdated(workspace)), _MEANWHILE)
        except BaseException:  # nobody else has it to close yet
            stack.close()
            raise
        self._stack.close()
        self._stack, self.workspace, self._doubtful, self.holds_back = stack, workspace, False, False
        return bool(_outdated(workspace))

    def _is_stale(self) -> bool:
        """Whether the workspace is not what would be opened now. Raises VaultsyncError."""
        workspace = self.workspace
        if self._doubtful or not workspace.state.is_there():
            return True
        try:
            text = (self._root / MARKER).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return True  # which opening it words as an error
        if text != workspace.config.text:
            return True
        return not template_files.load(self._root, workspace.config.notes.templates).same(workspace.templates)

    def _opened(self, kept: Kept | None = None) -> tuple[ExitStack, Workspace]:
        """Open a workspace, and make sure that it can be used. Raises VaultsyncError."""
        with ExitStack() as stack:
            config = None if kept is None else configuration.parsed(self._root, kept.settings)
            opened = workspaces.opened(self._root, env=self._env, stand=self._stand, config=config)
            workspace = stack.enter_context(opened)
            if kept is None:
                _ = workspace.sources
                workspace.try_templates()
            else:
                workspace.templates = kept.templates  # which were tried, and are again before a note is written
            return stack.pop_all(), workspace
        raise VaultsyncError("unreachable")

    def _is_too_much(self, workspace: Workspace) -> bool:
        """Whether its templates would change more notes than may be without a word."""
        if self._allowed or workspace.config.watch.unattended:
            return False
        return len(_outdated(workspace)) > UNATTENDED


def _outdated(workspace: Workspace) -> list[str]:
    """The notes that were rendered with other templates or filters than there are now, and are where they were."""
    ids = [identity for name in workspace.accounts for identity in workspace.outdated(name)]
    if len(ids) <= UNATTENDED:
        return ids
    # Notes that their user deleted are of an earlier template for ever.
    among = frozenset(ids)
    return [row.id for row in workspace.state.rows() if row.id in among and _is_there(workspace, row.path)]


def _is_there(workspace: Workspace, path: str) -> bool:
    try:
        return workspace.vault.found(path) is not None
    except VaultError:
        return False
