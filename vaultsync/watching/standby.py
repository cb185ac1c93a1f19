"""A workspace kept open between runs. What changes in its vaultsync.toml or templates is taken over if it can be used.

Until then the old ones stay in use: a watcher goes on while someone is half way through an edit of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from vaultsync import workspace as workspaces
from vaultsync.disk.root import MARKER
from vaultsync.errors import ConfigError, VaultsyncError
from vaultsync.rendering import templates as template_files
from vaultsync.storage.lock import writer_lock
from vaultsync.workspace import Stand, Workspace

UNATTENDED = 50
"""So many notes a changed template may change without a word."""
COMMAND = "vaultsync watch"


class TooMany(ConfigError):
    """Changed templates would change more notes than may be without a word. notes: how many."""

    def __init__(self, notes: int) -> None:
        super().__init__(
            f"Templates or plugins have changed: {notes:,} notes would be rendered again. The old ones stay in use "
            "until then.",
            hint='If that is meant, run "vaultsync export"; unattended = true in [watch] allows it for good.',
        )
        self.notes = notes


class Standby:
    """Keeps a workspace for one run after the other. allowed: changed templates may change any number of notes."""

    def __init__(self, root: Path, env: Mapping[str, str], stand: Stand, *, allowed: bool) -> None:
        """Open the workspace. Raises VaultsyncError if it can't be used."""
        self._root, self._env, self._stand, self._allowed = root, env, stand, allowed
        self._stack, self.workspace = self._opened()
        self._doubtful = False

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
        if not self._is_stale():
            return False
        stack, workspace = self._opened()
        try:
            notes = _rendered_otherwise(workspace)
            if notes > UNATTENDED and not (self._allowed or workspace.config.watch.unattended):
                raise TooMany(notes)
        except BaseException:
            stack.close()
            raise
        self._stack.close()
        self._stack, self.workspace, self._doubtful = stack, workspace, False
        return notes > 0

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

    def _opened(self) -> tuple[ExitStack, Workspace]:
        """Open a workspace, and make sure that it can be used. Raises VaultsyncError."""
        with ExitStack() as stack:
            opened = workspaces.opened(self._root, env=self._env, stand=self._stand)
            workspace = stack.enter_context(opened)
            _ = workspace.sources
            workspace.try_templates()
            return stack.pop_all(), workspace
        raise VaultsyncError("unreachable")


def _rendered_otherwise(workspace: Workspace) -> int:
    """How many notes were rendered with other templates than there are now, or other filters."""
    state = workspace.state
    return sum(
        len(state.ids_rendered_with(name, *pair))
        for name in workspace.accounts
        for pair in state.rendered_with(name)
        if workspace.fingerprints.outdated(*pair)
    )
