"""Runs the app: checks what is asked, then answers until it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from ipaddress import ip_address
from socket import SOCK_STREAM, create_server, getaddrinfo, socket
from typing import Any, Final

from aqa_bench.coach.web.settings import Settings
from aqa_bench.core.errors import UsageError
from aqa_bench.core.lock import attempt

__all__ = ["check_installed", "guarded", "listen", "run_app", "serve"]

_NEEDED: Final = ("starlette", "uvicorn", "python_multipart", "jinja2", "mediapipe")
_GOODBYE_S: Final = 2
_OWN: Final = ("localhost", "127.0.0.1", "::1")


def check_installed() -> None:
    """Raise where a package of the extra ``coach`` is missing.

    Raises:
        UsageError: One is.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            "The coach's web app needs packages that are not installed.",
            expected=", ".join(_NEEDED),
            found=f"no {', '.join(missing)}",
            remedy='pip install "aqa-bench[coach]"',
        )


def guarded(settings: Settings, host: str, *, open_door: bool) -> Settings:
    """Refuse an address that others reach unless a password guards it or its absence is wanted.

    Args:
        settings: What was asked for.
        host: Address to listen on.
        open_door: Whether no password is wanted there.

    Returns:
        The settings with the names under which the app answers.

    Raises:
        UsageError: Everybody could come in, and nobody said that they may.
    """
    if settings.password is not None:
        return settings
    if _is_this_machine(host):
        # Without a password, a page elsewhere whose name leads here must not be answered.
        return replace(settings, hosts=(*_OWN, host))
    if not open_door:
        raise UsageError(
            "Other people can reach the app at this address, but it has no password.",
            where=f"--host {host}",
            expected="a password, or 127.0.0.1",
            remedy="Set AQA_BENCH_PASSWORD, or let everybody in with --no-password.",
        )
    return settings


def serve(settings: Settings, host: str, port: int, ready: Callable[[], None]) -> None:
    """Answer until stopped.

    Args:
        settings: What the app is told.
        host: Address to listen on.
        port: Port to listen on.
        ready: Called when nothing stands against it any more.

    Raises:
        UsageError: Another app serves the same folder, or the address cannot be listened on.
        DataError: What an earlier app kept in the folder is damaged.
    """
    from aqa_bench.coach.web.app import create_app
    from aqa_bench.coach.web.supervisor import worker_alive

    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        if not stack.enter_context(attempt(settings.data / "serve.lock")):
            raise UsageError(
                "Another app already serves this folder.",
                where=settings.data,
                remedy="Stop it, or choose another folder (--data).",
            )
        listening = stack.enter_context(listen(host, port))
        run_app(
            lambda closing: create_app(settings, closing=closing, meanwhile=partial(worker_alive, settings)),
            listening,
            ready,
        )


def listen(host: str, port: int) -> socket:
    """A socket that listens.

    Args:
        host: Address to listen on.
        port: Port to listen on.

    Raises:
        UsageError: There is no such address here, or somebody else listens there.
    """
    try:
        family, _, _, _, address = getaddrinfo(host, port, type=SOCK_STREAM)[0]
        return create_server(address, family=family)
    except OSError as error:
        raise UsageError(
            "The app cannot listen at this address.",
            where=f"--host {host} --port {port}",
            expected="an address of this machine and a free port",
            found=error.strerror or str(error),
            remedy="Stop the program on that port, or choose another port (--port).",
        ) from error


def run_app(
    make: Callable[[Callable[[], bool]], Any], listening: socket, ready: Callable[[], None] = lambda: None
) -> None:
    """Run an app with uvicorn until a signal stops it.

    Args:
        make: Makes the app, given what says whether it is to end: pages that wait hang up then.
        listening: Where it is asked.
        ready: Called when the app is made.
    """
    import uvicorn

    server: uvicorn.Server | None = None

    def closing() -> bool:
        return server is not None and server.should_exit

    config = uvicorn.Config(
        make(closing),
        log_level="warning",
        timeout_graceful_shutdown=_GOODBYE_S,
        server_header=False,
    )
    server = uvicorn.Server(config)
    ready()
    server.run(sockets=[listening])


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
