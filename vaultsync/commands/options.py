"""Options several commands have, worded once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

vault_option = click.option(
    "--vault",
    metavar="DIR",
    help="The vault: the folder with vaultsync.toml. Else VAULTSYNC_VAULT, else this folder or one above it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON object to stdout instead of text.")


def find_vault(option: str | None) -> Path:
    """Find the vault this process was told of by option, environment or folder. Raises ConfigError."""
    from vaultsync import config

    return config.find_vault(option, os.environ, Path.cwd())


def print_json(value: Mapping[str, Any]) -> None:
    """Write the one JSON object --json asks for."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))
