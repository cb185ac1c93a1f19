"""Every effect on the world is told first, so that a test can stop a run right before each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import vaultsync

PACKAGE = Path(vaultsync.__file__).parent
# Whole rooms, and modules.
EDGES = [
    *(
        f"{room}/{path.stem}"
        for room in ("disk", "storage", "watching")
        for path in sorted((PACKAGE / room).glob("*.py"))
    ),
    *("http", "web", "lint/cache"),
]
OF_OS = """mkdir makedirs write rename replace link symlink unlink remove rmdir fsync fchmod fchown chmod chown utime
truncate ftruncate"""
OF_PATHS = ("write_text", "write_bytes", "mkdir", "touch", "unlink", "rmdir", "symlink_to", "hardlink_to")
EFFECTS = {
    *(f"os.{name}" for name in OF_OS.split()),
    *("_sync_disk", "rename", "replace_file"),  # what swap.py calls the system's own calls
    *("fcntl.flock", "msvcrt.locking", "file.write", "sqlite3.connect"),
    *(f"self._connection.{name}" for name in ("execute", "executemany", "executescript", "commit", "close")),
    *(f"self._session.{name}" for name in ("request", "send", "get", "post", "patch", "put", "delete")),
}
# The one function that reads the database; the last test here holds it to that.
READING = ("storage/database", "_read")


def functions(module: str) -> Iterator[ast.FunctionDef]:
    for found in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text())):
        if isinstance(found, ast.FunctionDef) and (module, found.name) != READING:
            yield found


def calls(node: ast.AST) -> list[ast.Call]:
    """All calls within, as they stand in the text."""
    found = [found for found in ast.walk(node) if isinstance(found, ast.Call)]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def is_effect(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name == "os.open":
        # `flags` is that of _flush, which opens what is there already.
        return ast.unparse(call.args[1]) not in ("READ", "swap.READ", "flags")
    return name in EFFECTS or (not name.startswith("os.") and name.endswith(tuple(f".{end}" for end in OF_PATHS)))


@pytest.mark.parametrize("module", EDGES)
def test_each_effect_is_told_right_before_it(module: Any) -> None:
    for function in functions(module):
        told = False
        for call in calls(function):
            if ast.unparse(call.func) == "step":
                told = True
            elif is_effect(call):
                assert told, f"{module}.py, line {call.lineno}: {ast.unparse(call)}"
                told = False


def test_the_rule_knows_an_effect_when_it_sees_one() -> None:
    effects = [
        call for module in EDGES for function in functions(module) for call in calls(function) if is_effect(call)
    ]

    assert len(effects) > 20


def test_what_reads_the_database_only_reads() -> None:
    for function in functions("storage/state"):
        texts = {
            ast.unparse(found.targets[0]): found.value for found in ast.walk(function) if isinstance(found, ast.Assign)
        }
        for call in calls(function):
            if ast.unparse(call.func) == "self._read":
                query = texts.get(ast.unparse(call.args[0]), call.args[0])
                text = ast.unparse(query).lstrip("f'\"")
                assert text.startswith(("SELECT", "PRAGMA user_version", "PRAGMA synchronous")), text
