"""Find, keep and forget tokens, and send none to an address its owner has not seen.

A token comes from the environment, else from a file of mode 0600 in the configuration directory, else from
the system's keyring.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vaultsync import origins
from vaultsync.errors import AuthError, SourceError
from vaultsync.steps import step
from vaultsync.user_config import config_dir, write_secret

_SERVICE = "vaultsync"
# By the variable the token may stand in, or what that begins with.
_WHERE = {"READWISE_TOKEN": "https://readwise.io/access_token"}


def token_for(source: str, env_name: str, base_url: str, env: Mapping[str, str]) -> str:
    """Find the token of `source`, cleared to be sent to `base_url`; "" if it needs none (env_name is "").

    The first origin a token is used with is bound to it. Raises AuthError if there is no token, if it is
    bound to another origin, if it would cross a network in the clear, or if the vault is that of the demo.
    """
    if not env_name:
        return ""
    refuse_demo(source, base_url)
    token = token_in_use(source, env_name, env)
    _clear_to_send(source, token, base_url, env)
    return token


def refuse_demo(source: str, base_url: str) -> None:
    """Raise AuthError where the vault of "vaultsync demo" is asked for a token: no real one belongs there."""
    if base_url == origins.DEMO_URL:
        raise AuthError(
            f'{source}: this is the vault of "vaultsync demo", whose service is there only while that runs. '
            "Nothing was sent.",
            source=source,
            hint='"vaultsync demo DIR" fetches again, and with --watch it sends as well; "vaultsync init DIR" makes a '
            "vault for an account of yours.",
        )


def found_token(source: str, env_name: str, env: Mapping[str, str]) -> str:
    """Find the token of `source`, wherever it may go; "" if there is none. Raises AuthError."""
    # The keyring is asked last: to import it costs more than all the rest.
    token = env.get(env_name, "").strip() or _from_file(source, env).strip() or _from_keyring(source).strip()
    return cleaned(token, source, env_name) if token else ""


def token_in_use(source: str, env_name: str, env: Mapping[str, str]) -> str:
    """Find the token of `source`, wherever it may go. Raises AuthError, also if there is none."""
    token = found_token(source, env_name, env)
    if not token:
        raise _missing(source, env_name)
    return token


def say_not_kept(error: SourceError, env_name: str) -> None:
    """Have the error say so of a token that was just typed, and that its service did not take."""
    error.message += " The token was not kept."
    where = _from_where(env_name, " ({})")
    error.hint = f'Check token{where} and address, then run "vaultsync auth {error.source}" again.'


def store(source: str, token: str, env: Mapping[str, str], *, in_file: bool = False) -> str:
    """Keep the token in the keyring, or in a file where there is none; return where, for people."""
    if not in_file and _to_keyring(source, token):
        # The file is asked first: an older token in it would hide this one.
        _forget_file(source, env)
        return "the system keyring"
    path = _token_file(source, env)
    write_secret(path, token + "\n")
    return str(path)


def forget(source: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Remove the token of `source` and the origins it was used with; return the places it was in."""
    places = []
    if _forget_file(source, env):
        places.append(str(_token_file(source, env)))
    if _forget_in_keyring(source):
        places.append("the system keyring")
    origins.forget(source, env)
    return tuple(places)


def cleaned(token: str, source: str, env_name: str) -> str:
    """Return the token as it is sent. Raises AuthError, which does not repeat it, for what can't be one."""
    token = token.strip().removeprefix("Token ").strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise AuthError(
            f"{source}: what was given as token has blanks or letters no token has. Nothing was sent.",
            source=source,
            hint=f"Copy it again, alone{_from_where(env_name)}.",
        )
    return token


def _clear_to_send(source: str, token: str, base_url: str, env: Mapping[str, str]) -> None:
    wanted = origins.origin(base_url)
    used = origins.used_with(source, token, env)
    if wanted in used:
        return
    confirm = f'If that is meant, "vaultsync auth {source}" confirms it.'
    if used:
        raise AuthError(
            f"{source}: base_url of vaultsync.toml now names {wanted}; this token was used with "
            f"{' and '.join(used)}. Nothing was sent.",
            source=source,
            hint=confirm,
        )
    if origins.in_the_clear(wanted):
        raise AuthError(
            f"{source}: {wanted} is not encrypted; anyone on the way could read the token. Nothing was sent.",
            source=source,
            hint=f"Write https:// in base_url. {confirm}",
        )
    origins.bind(source, token, base_url, env)


def _missing(source: str, env_name: str) -> AuthError:
    return AuthError(
        f"{source}: no token. Nothing was sent.",
        source=source,
        hint=f'Run "vaultsync auth {source}", or set {env_name}, or put the token into a file of mode 600: '
        f'"vaultsync auth {source} --file" does{_from_where(env_name, " (you get one at {})")}.',
    )


def _from_where(env_name: str, words: str = " from {}") -> str:
    page = next((page for name, page in _WHERE.items() if env_name.startswith(name)), "")
    return words.format(page) if page else ""


def _token_file(source: str, env: Mapping[str, str]) -> Path:
    return config_dir(env) / f"{source}.token"


def _from_file(source: str, env: Mapping[str, str]) -> str:
    path = _token_file(source, env)
    try:
        with path.open(encoding="utf-8") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise AuthError(
                    f"{source}: others on this machine can read {path}. The token in it was not used.",
                    source=source,
                    hint=f'Run "chmod 600 {path}"; if others may have read it, make a new token.',
                )
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise AuthError(
            f"{source}: {path} can't be read ({error.__class__.__name__}). Nothing was sent.",
            source=source,
            hint=f'"vaultsync auth {source} --file" writes it anew.',
        ) from error


def _forget_file(source: str, env: Mapping[str, str]) -> bool:
    step("tokens.unlink")
    try:
        _token_file(source, env).unlink()
    except FileNotFoundError:
        return False
    return True


@contextlib.contextmanager
def _keyring() -> Iterator[Any]:
    """Lend the keyring package, or None; whatever it raises, there is no keyring then."""
    # Backends fail in ways of their own (no D-Bus, a locked collection, a missing library), at import too. A
    # machine without a usable keyring is an ordinary one.
    try:
        import keyring
    except Exception:  # noqa: BLE001 - see above
        yield None
        return
    with contextlib.suppress(Exception):
        yield keyring


def _from_keyring(source: str) -> str:
    with _keyring() as keyring:
        if keyring:
            return keyring.get_password(_SERVICE, source) or ""
    return ""


def _to_keyring(source: str, token: str) -> bool:
    with _keyring() as keyring:
        if keyring:
            keyring.set_password(_SERVICE, source, token)
            # Some backends take everything and keep nothing.
            return bool(keyring.get_password(_SERVICE, source) == token)
    return False


def _forget_in_keyring(source: str) -> bool:
    with _keyring() as keyring:
        if keyring:
            keyring.delete_password(_SERVICE, source)
            return True
    return False
