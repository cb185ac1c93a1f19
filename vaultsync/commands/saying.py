"""Print what is told to people: a line each, of which nothing breaks the line or steers the terminal."""

from __future__ import annotations

import click

from vaultsync.errors import VaultsyncError
from vaultsync.oneline import one_line


def say(*lines: str, err: bool = False) -> None:
    """Print lines to stdout. err: to stderr, for what is trouble."""
    for line in lines:
        click.echo(one_line(line), err=err)


def say_error(error: VaultsyncError) -> None:
    """Print what went wrong to stderr, and below it what to do."""
    say(f"Error: {error.message}", *([f"  {error.hint}"] if error.hint else []), err=True)
