"""What can go wrong, as one tree. A message says what happened and what was left untouched; a hint what to do next."""

from __future__ import annotations


class VaultsyncError(Exception):
    """Anything vaultsync stops for. hint: what the user can do next, a sentence."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(VaultsyncError):
    """vaultsync.toml, an option or an environment variable can't be used as it is."""

    exit_code = 2


class TemplateError(ConfigError):
    """A template can't be read, compiled or rendered.

    file: as the user knows it; line: 1-based, None if unknown. reason: the message without them.
    """

    def __init__(self, message: str, *, file: str, line: int | None = None, hint: str = "") -> None:
        place = f"{file}, line {line}" if line else file
        super().__init__(f"{place}: {message}", hint=hint)
        self.file = file
        self.line = line
        self.reason = message

    def left(self, untouched: str) -> TemplateError:
        """The same error, saying what was left untouched; a sentence."""
        return TemplateError(f"{self.reason.rstrip('.')}. {untouched}", file=self.file, line=self.line, hint=self.hint)


class SourceError(VaultsyncError):
    """A source could not do what was asked. source: its name."""

    def __init__(self, message: str, *, source: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source


class AuthError(SourceError):
    """The service refused the token, there is none, or it is bound to another address."""

    exit_code = 2


class RateLimited(SourceError):
    """The service asks to wait longer than a run should. seconds: how long it said."""

    def __init__(self, message: str, *, source: str, seconds: float, hint: str = "") -> None:
        super().__init__(message, source=source, hint=hint)
        self.seconds = seconds


class Unreachable(SourceError):
    """No answer, or only server errors, after every safe retry."""


class UnexpectedReply(SourceError):
    """An answer that is not what the service's documents say: HTML, cut off. status: HTTP, None if none."""

    def __init__(self, message: str, *, source: str, status: int | None = None, hint: str = "") -> None:
        super().__init__(message, source=source, hint=hint)
        self.status = status


class VaultError(VaultsyncError):
    """A note or folder can't be read or written. path: inside the vault where known."""

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class NoteGone(VaultError):
    """A note is no longer where a run has seen it: its user moved or deleted it meanwhile. document: whose it was."""

    def __init__(self, path: str, document: str) -> None:
        super().__init__(
            f"{path} was moved or deleted this very moment. Nothing was done about it.",
            path=path,
            hint="Run again: wherever it is, it is found.",
        )
        self.document = document


class StateError(VaultsyncError):
    """The database outside the vault can't be used: locked by another run, damaged, or of a newer version."""

    exit_code = 2


class AtWork(StateError):
    """Another vaultsync is at work on the vault."""


class PluginError(VaultsyncError):
    """A plugin raised, or returned what it must not. plugin: its name."""

    def __init__(self, message: str, *, plugin: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.plugin = plugin


class SafetyStop(VaultsyncError):
    """A run would remove more than anyone meant to; nothing was removed. The hint names the option that allows it."""

    exit_code = 3
