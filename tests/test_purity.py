"""What the design promises about modules, read off their source: who imports what, who prints, who asks the time."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TypeGuard

import pytest

PACKAGE = Path(__file__).parent.parent / "vaultsync"
# Functions of their arguments: whole rooms, and modules.
PURE_ROOMS = ("lens", "merging")
PURE = (
    *(
        "model",
        "accounts",
        "mistakes",
        "errors",
        "plan",
        "note",
        "paths",
        "properties",
        "scalars",
        "tags",
        "report",
        "oneline",
        "library_base",
    ),
    *(
        f"rendering.{name}"
        for name in (
            "render",
            "note_paths",
            "reprint",
            "looks",
            "blame",
            "tracked",
            "captured",
            "filters",
            "sandbox",
            "specimen",
        )
    ),
    *(f"lint.{name}" for name in ("writable", "trials", "reasons")),
    *(f"sending.{name}" for name in ("edits", "outbox", "creations", "aliases", "earlier")),
    *(f"adopting.{name}" for name in ("takeover", "passages", "foreign")),
    *(f"watching.{name}" for name in ("settling", "schedule", "log", "told", "orders", "messages", "services")),
    *("storage.entry", "host.wellformed", "host.names"),
    *(f"sources.{name}" for name in ("clean", "lenient", "fields", "haul", "linkding.record")),
)
# No pure module may come near these, itself or by what it imports of ours.
WORLD = frozenset(
    [
        *(
            "os",
            "sys",
            "io",
            "pathlib",
            "shutil",
            "tempfile",
            "glob",
            "fcntl",
            "mmap",
            "select",
            "selectors",
            "sqlite3",
        ),
        *("socket", "ssl", "http", "urllib", "urllib3", "requests", "subprocess", "multiprocessing", "threading"),
        *("asyncio", "concurrent", "signal", "time", "random", "secrets", "uuid", "logging", "platform", "locale"),
        *("getpass", "click", "watchdog", "rich", "keyring", "platformdirs", "importlib"),
    ]
)
CLOCKS = frozenset(["now", "utcnow", "today", "time", "monotonic", "perf_counter", "localtime", "gmtime"])
MAY_PRINT = ("commands", "cli.py", "commandline.py", "progress.py")
# Those of another process.
MAY_PIPE = ("watching/apart.py",)


def name_of(path: Path) -> str:
    parts = ("vaultsync", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


def is_for_types(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def statements(node: ast.AST, *, late: bool) -> Iterator[ast.AST]:
    """Every node below but those for type checkers. late: with what runs only when a function is called."""
    for child in ast.iter_child_nodes(node):
        if is_for_types(child):
            yield from (inner for other in child.orelse for inner in [other, *statements(other, late=late)])
        elif late or not is_function(child):
            yield child
            yield from statements(child, late=late)


@cache
def imported(module: str, *, late: bool = True) -> frozenset[str]:
    """The modules a module imports: ours by full name, others by their first name."""
    found: set[str] = set()
    for node in statements(tree(module), late=late):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative import"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= submodules or {node.module or ""}
    return frozenset(name if name in MODULES else name.partition(".")[0] for name in found)


def closure(module: str) -> dict[str, str]:
    """Every module of ours it needs, each with one that imports it."""
    by = {module: module}
    waiting = [module]
    while waiting:
        one = waiting.pop()
        for name in imported(one) & MODULES.keys() - by.keys():
            by[name] = one
            waiting.append(name)
    return by


def in_pure_room(module: str) -> bool:
    return module.startswith(tuple(f"vaultsync.{room}." for room in PURE_ROOMS))


pure = pytest.mark.parametrize("module", [*(f"vaultsync.{name}" for name in PURE), *filter(in_pure_room, MODULES)])


@pure
def test_a_pure_module_imports_nothing_that_touches_the_world(module: str) -> None:
    touched = {f"{one} (by {by})": imported(one) & WORLD for one, by in closure(module).items()}

    assert {one: found for one, found in touched.items() if found} == {}


@pure
def test_a_pure_module_opens_no_file_and_asks_no_clock(module: str) -> None:
    for one in closure(module):
        for node in ast.walk(tree(one)):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                assert called not in {"open", "input", "print", "exec", "eval", "__import__"}, (
                    f"{one}, line {node.lineno}"
                )
                assert called not in CLOCKS, f"{one}, line {node.lineno}: {called}()"


def test_most_pure_modules_of_the_design_exist() -> None:
    assert sum(f"vaultsync.{name}" in MODULES for name in PURE) >= 30


def test_imports_form_no_cycle() -> None:
    # What a function imports when it is called counts too: that would be a cycle in disguise.
    sorter = TopologicalSorter({module: (imported(module) & MODULES.keys()) - {module} for module in MODULES})

    sorter.prepare()


def test_an_import_at_the_top_never_needs_one_further_down() -> None:
    for module in MODULES:
        body = tree(module).body
        last = max((n for n, node in enumerate(body) if isinstance(node, ast.Import | ast.ImportFrom)), default=0)
        between = [node for node in body[:last] if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert not between, f"{module}: an import below a definition"


@pytest.mark.parametrize("module", MODULES)
def test_only_the_command_line_prints(module: str) -> None:
    place = MODULES[module].relative_to(PACKAGE)
    if place.parts[0] in MAY_PRINT:
        return
    for node in statements(tree(module), late=True):
        called = node.func if isinstance(node, ast.Call) else None
        assert getattr(called, "id", "") != "print", f"{module} prints"
        assert not (isinstance(called, ast.Attribute) and called.attr in ("echo", "secho")), f"{module} prints"
        is_stream = isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr")
        assert not is_stream or place.as_posix() in MAY_PIPE, f"{module} prints"


@pytest.mark.parametrize("module", MODULES)
def test_tls_is_always_verified_and_no_token_stands_in_the_source(module: str) -> None:
    text = MODULES[module].read_text("utf-8")

    assert not re.search(r"verify\s*=\s*False|CERT_NONE|_create_unverified_context|disable_warnings", text)
    assert not re.search(r"""["'][A-Za-z0-9_-]{40,}["']""", text), "something that looks like a token"
