"""Options several commands have, worded once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultsync.commands.saying import say, say_error
from vaultsync.oneline import json_line

if TYPE_CHECKING:
    from vaultsync.report import Report

vault_option = click.option(
    "--vault",
    metavar="DIR",
    help="The vault: the folder with vaultsync.toml. Else VAULTSYNC_VAULT, else this folder or one above it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON object to stdout instead of text.")

removals_option = click.option(
    "--allow-removals", is_flag=True, help="Move to .trash even if unusually much is gone at the source."
)
yes_option = click.option("--yes", is_flag=True, help="Send even unusually many edits, and notes from a backup.")
commands_option = click.option(
    "--allow-inline-commands",
    "allow_commands",
    is_flag=True,
    help="Send notes that begin with .word, which Readwise takes for a command.",
)

base_option = click.option(
    "--base", is_flag=True, help="Also write Library.base, views for Obsidian Bases, unless there is one."
)


def find_vault(option: str | None) -> Path:
    """Find the vault this process was told of by option, environment or folder. Raises ConfigError."""
    from vaultsync import config

    return config.find_vault(option, os.environ, Path.cwd())


def show_report(report: Report, *, as_json: bool) -> int:
    """Write what a run did, as text or as JSON; return the exit code."""
    if as_json:
        print_json(report.as_json())
        print_errors(report)
    else:
        print_report(report)
    return report.exit_code


def print_report(report: Report) -> None:
    """Write what a run did to stdout, and what went wrong in it to stderr."""
    say(*report.lines())
    print_errors(report)


def print_errors(report: Report) -> None:
    """Write what went wrong in a run to stderr, each with what to do."""
    for error in (*report.errors, *((report.stop,) if report.stop else ())):
        say_error(error)


def print_json(value: Mapping[str, Any]) -> None:
    """Write the one JSON object --json asks for."""
    click.echo(json_line(value))


def write_base(root: Path, *, dry: bool = False) -> str:
    """Write Library.base into a vault unless there is one; say what was done, as a sentence. Raises VaultError."""
    from vaultsync.disk.vault import Vault
    from vaultsync.library_base import FILE, library_base

    if dry:
        return f"{FILE} {'is there already' if (root / FILE).exists() else 'would be written'}."
    written = Vault(root).copy_in(FILE, library_base().encode())
    return f"{FILE} {'written' if written else 'is there already and was left as it is'}."
