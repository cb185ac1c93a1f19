"""One run of a command: a look at the vault, a pull, a push or both, one report, one line in the history."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from msgspec.structs import replace

from vaultsync.config import FILE
from vaultsync.errors import ConfigError
from vaultsync.pull import Options, Pull
from vaultsync.report import Report
from vaultsync.rounds import Bounds, Round
from vaultsync.workspace import Workspace

if TYPE_CHECKING:
    from vaultsync.push import PushOptions

_KEPT_CHANGES = 100


def run(  # noqa: PLR0913  # two halves, and how to go about them
    workspace: Workspace,
    command: str,
    *,
    pull: Options | None = None,
    push: PushOptions | None = None,
    dry: bool = False,
    announce: Callable[[str], None] = lambda _: None,
    bounds: Bounds | None = None,
) -> Report:
    """Bring vault and sources together.

    command: what it is called. announce: told what is about to happen to many notes. bounds: given by who runs again
    and again, and keeps no record of runs without news.
    Raises VaultsyncError only for what stops everything before anything was written, such as a vaultsync.toml without
    sources; the rest is in the report.
    """
    if not workspace.accounts:
        raise ConfigError(
            f"{FILE} names no source, so there is nothing to do. Nothing was asked, written or sent.",
            hint="Write a section [sources.readwise] or [sources.linkding] in it, as docs/reference.md shows.",
        )
    swept: list[str] = []
    with workspace.state.pretend() if dry else nullcontext():
        if pull is not None and pull.restoring is None:
            workspace.try_new_paths()
        this = Round(workspace, dry, push is not None and push.yes, announce, bounds or Bounds())
        this.look()
        if not (pull and pull.only):
            this.miss()
        if pull is not None:
            pulling = Pull(this, pull)
            pulling.everything()
            swept = pulling.swept
        if push is not None:
            from vaultsync.push import Push  # an export needs none

            Push(this, push).everything()
        if not (pull and pull.only):
            this.remark()
        report = this.report()
    report = replace(report, errors=(*workspace.host.untold(), *report.errors))
    if not dry and (bounds is None or swept or report.has_news):
        workspace.history.append(_diary(workspace, command, swept, report))
    for failure in workspace.host.after_pull(report) if pull is not None else ():
        report = replace(report, errors=(*report.errors, failure))
    return report


def _diary(workspace: Workspace, command: str, swept: list[str], report: Report) -> dict[str, object]:
    """What the history keeps of a run."""
    told = report.as_json()
    return {
        "ended": workspace.now.isoformat(),
        "command": command,
        "full": swept,
        "exit": report.exit_code,
        **told,
        "changes": told["changes"][:_KEPT_CHANGES],
        "outbox": told["outbox"][:_KEPT_CHANGES],
    }
