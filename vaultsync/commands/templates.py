"""vaultsync templates: see the sets that come with vaultsync, check your own, copy one to change it."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultsync.commands.options import find_vault, json_option, print_json, vault_option
from vaultsync.commands.saying import say

if TYPE_CHECKING:
    from vaultsync.errors import TemplateError
    from vaultsync.lint.writable import Verdict
    from vaultsync.rendering.note_paths import Tried
    from vaultsync.rendering.templates import Checked, Templates
    from vaultsync.workspace import Workspace

FOLDER = "Templates/vaultsync"


@click.group()
def command() -> None:
    """List, check, preview and copy templates."""


@command.command("list")
@vault_option
@json_option
def listing(vault: str | None, *, as_json: bool) -> None:
    """Say which templates make this vault's notes, and which sets come with vaultsync."""
    from vaultsync.rendering.templates import SETS

    templates = _of_vault(find_vault(vault))
    mains = [{"template": templates.shown(name), "category": _category(name)} for name, _ in templates.mains()]
    if as_json:
        print_json({"templates": mains, "sets": SETS})
        return
    for each in mains:
        say(f"{each['template']}: makes the notes of {each['category'] or 'all other documents'}")
    say(f'Sets to copy with "vaultsync templates copy SET": {", ".join(SETS)}')


@command.command("check")
@vault_option
@json_option
def check(vault: str | None, *, as_json: bool) -> int:
    """Try every template on made-up documents, and say which fields can be edited in its notes. Writes nothing.

    The paths of new notes that vaultsync.toml gives are tried on them as well. Exits 1 if a template or path can't be
    used.
    """
    from vaultsync import config, workspace
    from vaultsync.host.plugins import Host
    from vaultsync.rendering import templates as library

    root = find_vault(vault)
    loaded = config.load(root)
    host = Host.load(os.environ, loaded)
    found = library.check(_of_vault(root), host.template_filters())
    tried = workspace.note_paths(loaded, host)
    paths = (*tried.tried(), tried.tried_for_reviews())
    errors = (*(each.error for each in found), *(each.error for each in paths))
    if as_json:
        print_json({"templates": [_as_json(each) for each in found], "paths": [_path_as_json(each) for each in paths]})
    else:
        # Several templates may build on one that is broken.
        for lines in dict.fromkeys(map(_error, errors)):
            say(*lines)
        for each in found:
            say(*_as_text(each))
        # Nobody asks after a path that nobody wrote.
        say(*(_path_as_text(each) for each in paths if each.pattern.line is not None and each.error is None))
    return 1 if any(errors) else 0


@command.command("preview")
@click.argument("note", metavar="NOTE")
@vault_option
def preview(note: str, vault: str | None) -> None:
    """Print what your templates make of one document now; writes nothing, asks no service.

    NOTE: the path of its note, its vaultsync_id, or its address.
    """
    from vaultsync import config, workspace
    from vaultsync.lookup import document_id

    root = find_vault(vault)
    # No token is looked for: nothing is asked.
    stand = workspace.Stand(tokens=dict.fromkeys(config.load(root).sources, ""))
    with workspace.opened(root, env=os.environ, stand=stand) as opened:
        found = document_id(note, sources=opened.sources, state=opened.state, vault=opened.vault)
        click.echo(_rendered(opened, found), nl=False)


@command.command("copy")
@click.argument("name", metavar="[SET]", default="default")
@vault_option
def copy(name: str, vault: str | None) -> None:
    """Copy a set into the vault, to make it your own. What is there is left as it is."""
    copy_set(find_vault(vault), name)


def copy_set(root: Path, name: str) -> None:
    """Copy the set `name` into the vault at `root`, and say how to use it. Raises ConfigError, VaultError."""
    from vaultsync import config
    from vaultsync.disk.vault import Vault
    from vaultsync.rendering.templates import shipped_folder

    require_set(name)
    folder = shipped_folder() / name
    vault = Vault(root)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        target = f"{FOLDER}/{path.relative_to(folder).as_posix()}"
        copied = vault.copy_in(target, path.read_bytes())
        say(f"{target} {'written' if copied else 'is there already and was left as it is'}.")
    if config.load(root).notes.templates != FOLDER:
        say(f'To use them, write under [notes] in {config.FILE}: templates = "{FOLDER}"')


def require_set(name: str) -> None:
    """Refuse a name no shipped set has. Raises ConfigError."""
    from vaultsync.errors import ConfigError
    from vaultsync.rendering.templates import SETS

    if name not in SETS:
        raise ConfigError(f'There is no set "{name}". Nothing was copied.', hint=f"There are: {', '.join(SETS)}.")


def _rendered(opened: Workspace, identity: str) -> str:
    """What the templates make of a document, once the plugins' filters have seen it. Raises VaultsyncError."""
    entry = opened.state.entry(identity)
    assert entry is not None, "its id was just found"
    document = opened.renders.filtered(opened.sources[entry.source].document(entry.record))
    return opened.render_note(document).text if document else f"A plugin leaves {identity} out of the vault.\n"


def _of_vault(root: Path) -> Templates:
    from vaultsync import config
    from vaultsync.rendering import templates as library

    return library.load(root, config.load(root).notes.templates)


def _category(name: str) -> str:
    """Name the category a template is for; "" for the general one.

    >>> _category("document.articles.md"), _category("document.md")
    ('articles', '')
    """
    return name.removeprefix("document").removesuffix(".md").removeprefix(".")


def _as_json(checked: Checked) -> dict[str, Any]:
    from dataclasses import asdict

    error, lint = checked.error, checked.lint()
    return {
        "template": checked.shown,
        "works": error is None,
        "error": _error_as_json(error),
        "fields": [asdict(each) for each in lint.verdicts] if lint else [],
        "warnings": list(lint.warnings) if lint else [],
    }


def _path_as_json(tried: Tried) -> dict[str, Any]:
    return {
        "section": tried.pattern.section,
        "path": tried.pattern.text,
        "works": tried.error is None,
        "error": _error_as_json(tried.error),
        "example": tried.example,
    }


def _path_as_text(tried: Tried) -> str:
    return f"path of [{tried.pattern.section}]: works, and makes {tried.example}"


def _error_as_json(error: TemplateError | None) -> dict[str, Any] | None:
    return {"message": error.message, "hint": error.hint, "line": error.line} if error else None


def _error(error: TemplateError | None) -> tuple[str, ...]:
    """Why a template can't be used, if so; and what to do."""
    return (error.message, *([f"  {error.hint}"] if error.hint else [])) if error else ()


def _as_text(checked: Checked) -> Iterator[str]:
    """What was found of one template that works: a line for it, and one for each field it prints."""
    lint = checked.lint()
    if lint is None:
        return
    yield f"{checked.shown}: works."
    names = [f"{each.owner}.{each.field}" for each in lint.verdicts]
    width = max(map(len, names), default=0)
    for name, each in zip(names, lint.verdicts, strict=True):
        yield from _wrapped(f"  {name:{width}}  ", _verdict(each))
    for warning in lint.warnings:
        yield from _wrapped("  Warning: ", warning)


def _verdict(verdict: Verdict) -> str:
    if verdict.writable:
        return f"writable. {verdict.remark}" if verdict.remark else "writable"
    return f"read-only: {verdict.reason}. {verdict.cure}"


# Examples of what to write in a template are not broken.
_EXAMPLE = re.compile(r"\{[{%].*?[}%]\}")


def _wrapped(start: str, text: str) -> Iterator[str]:
    """A line, on a terminal broken where that ends; what comes after its start stays aligned."""
    # Not a terminal: whoever searches the lines wants them whole.
    width = shutil.get_terminal_size((10_000, 24)).columns
    whole = _EXAMPLE.sub(lambda example: example[0].replace(" ", "\xa0"), text)
    lines = textwrap.wrap(
        whole, width, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
    )
    yield from (line.replace("\xa0", " ") for line in lines)
