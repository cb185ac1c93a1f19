"""vaultsync adopt: take over notes that the official plugin, readwise-mirror and their like have made."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import find_vault, print_errors, vault_option
from vaultsync.commands.saying import say

if TYPE_CHECKING:
    from vaultsync.adopting.adoption import Plan, Taking
    from vaultsync.report import Report


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source's; may be given again.")
@click.option("--dry-run", "dry", is_flag=True, help="Show the plan, and write nothing.")
@click.option("--yes", is_flag=True, help="Do what the plan says without asking.")
@vault_option
def command(paths: tuple[str, ...], sources: tuple[str, ...], vault: str | None, *, dry: bool, yes: bool) -> int:
    """Take over notes that another program made of what your sources hold: the plan first, then only what it says.

    PATH: a note, or a folder of notes; without one, the whole vault. Your words and the notes' layout stay. Best run
    before the first export, which else writes a note of its own for each document. Exits 3 if there was nobody to ask.
    """
    from vaultsync import progress, workspace
    from vaultsync.adopting.adoption import Adoption, inside

    shown = progress.on_terminal()
    with (
        workspace.opened(find_vault(vault), env=os.environ, progress=shown, writing="vaultsync adopt") as opened,
        opened.state.pretend() if dry else nullcontext(),
    ):
        adoption = Adoption(opened)
        plan = adoption.plan([inside(opened, path) for path in paths], sources)
        say(*_lines(plan))
        if dry or not plan.takings or not (yes or _agreed()):
            report = adoption.so_far()
            print_errors(report)
            return report.exit_code or (3 if plan.takings and not dry and not _can_ask() else 0)
        report = adoption.carry_out(plan)
    say(*_done(report))
    print_errors(report)
    return report.exit_code


def _done(report: Report) -> Iterator[str]:
    from vaultsync.plan import Action

    taken = report.count(Action.MERGE)
    yield f"{taken:,} note{'s' * (taken != 1)} taken over."
    yield from report.asides
    yield from (f"{one.path} was left: {one.why}." for one in report.changes if one.action is Action.LEAVE)
    for path, number in sorted(report.conflicts.items()):
        yield f'{path} has {number:,} conflict{"s" * (number != 1)}; see the callouts, or "vaultsync resolve NOTE".'


def _lines(plan: Plan) -> Iterator[str]:
    """The plan for a person."""
    if not plan.takings:
        yield "No note was found to take over."
    for one in plan.takings:
        yield f'{one.path} is "{one.document.title}" ({one.document.id}), by {one.by}.'
        yield f"  Comes in: {'; '.join(_coming(one))}."
        if one.becomes.standing:
            yield f"  Left without a block id: {_highlights(len(one.becomes.standing))}."
        if one.becomes.unshown:
            names = {highlight.id: f"^{highlight.block_id}" for highlight in one.document.highlights}
            yield f"  Notes at the source that it does not show: {', '.join(names[it] for it in one.becomes.unshown)}."
    if plan.left:
        yield f"{len(plan.left):,} left alone:"
    for left in plan.left:
        yield f"  {left.path}: {left.why}"


def _coming(one: Taking) -> Iterator[str]:
    becomes = one.becomes
    if becomes.properties:
        yield f"properties {', '.join(becomes.properties)}"
    if becomes.anchored:
        yield f"block ids for {_highlights(len(becomes.anchored))}"
    if becomes.coming:
        yield f"{_highlights(len(becomes.coming))} at its end"
    if becomes.conflicts:
        yield f"{becomes.conflicts:,} conflict{'s' * (becomes.conflicts != 1)} to answer"


def _highlights(number: int) -> str:
    return f"{number:,} highlight{'s' * (number != 1)}"


def _can_ask() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _agreed() -> bool:
    if _can_ask():
        return click.confirm("Do that? No note is touched if not.")
    say('There is nobody here to ask. No note was touched; with "--yes" it is done.', err=True)
    return False
