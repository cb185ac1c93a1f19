"""Say which file and line of a template is at fault, whatever goes wrong while it runs. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from jinja2 import TemplateError as JinjaError
from jinja2 import TemplateSyntaxError

from vaultsync.errors import TemplateError
from vaultsync.properties import PropertyError
from vaultsync.rendering.sandbox import FILE_PREFIX
from vaultsync.rendering.tracked import Closed, Opened

_MEND = 'Mend the template, then run "vaultsync templates check".'


class BlockError(Exception):
    """A template's blocks are not one after the other, one per highlight. file, line: of the tag at fault."""

    def __init__(self, message: str, tag: Opened | Closed) -> None:
        super().__init__(message)
        self.file, self.line = tag.file, tag.line


@contextmanager
def reporting(template: str, shown: Mapping[str, str], sources: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turn what goes wrong in a template into a TemplateError with file and line."""
    try:
        yield
    except PropertyError as error:
        file, line = _where(error.start, template, sources or {})
        raise TemplateError(error.message, file=shown.get(file, file), line=line, hint=_MEND) from error
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever fails here is the template's, or a plugin's filter's
        file, line, reason = _fault(error, template)
        raise TemplateError(f"{reason.rstrip('.')}.", file=shown.get(file, file), line=line, hint=_MEND) from error


def _fault(error: BaseException, template: str) -> tuple[str, int | None, str]:
    """Which template, which line (1-based), and what is wrong."""
    if isinstance(error, BlockError):
        return error.file, error.line, str(error)
    if isinstance(error, TemplateSyntaxError):
        return error.name or template, error.lineno, str(error.message)
    file, line = _place(error.__traceback__, template)
    return (
        file,
        line if isinstance(error, Exception) else None,  # Jinja gives nothing else the template's lines
        str(error) if isinstance(error, JinjaError) else f"{type(error).__name__}: {error}",
    )


def _where(start: str, template: str, sources: Mapping[str, str]) -> tuple[str, int | None]:
    """The one line of the templates that begins so; front matter is looked at as it was rendered."""
    if start.strip():
        for file in (template, *sources):
            lines = [number for number, line in enumerate(sources[file].split("\n"), 1) if line.startswith(start)]
            if len(lines) == 1:
                return file, lines[0]
    return template, None


def _place(trace: TracebackType | None, template: str) -> tuple[str, int | None]:
    """The innermost line of a template in a traceback; Jinja gives its frames the template's file and lines."""
    found: tuple[str, int | None] = (template, None)
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(FILE_PREFIX):
            found = (file.removeprefix(FILE_PREFIX), trace.tb_lineno)
        trace = trace.tb_next
    return found
