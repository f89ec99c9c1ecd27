"""What holds for every answer: headers that shut the page in, and the password at the door."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Final
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aqa_bench.coach.web.doors import Doors

__all__ = ["Gate", "Headers", "policy"]

_OPEN: Final = ("/login", "/static/")
_FIXED: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def policy(nonce: str) -> str:
    """The content security policy: own scripts, styles and media, and no request elsewhere."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
        "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


class Headers:
    """Adds the headers, and a nonce for the page's own style.

    Args:
        app: The app behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with headers on the way back."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _FIXED.items():
                    headers[name] = value
                headers["content-security-policy"] = policy(nonce)
                # Whoever uses the computer next shall not find clips in its cache.
                headers.setdefault("cache-control", "no-store")
            await send(message)

        return await self._app(scope, receive, with_headers)


class Gate:
    """Asks for the password, and answers under known names alone.

    Args:
        app: The app behind.
        doors: Knows who may come in.
        hosts: The names; empty for any.
    """

    def __init__(self, app: ASGIApp, doors: Doors, hosts: Collection[str] = ()) -> None:
        self._app, self._doors, self._hosts = app, doors, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or send to the page that asks."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope, receive)
        path = request.url.path
        if self._hosts and request.url.hostname not in self._hosts:
            return await PlainTextResponse("unknown host", 421)(scope, receive, send)
        if not self._doors.is_open(request) and not path.startswith(_OPEN):
            # The addresses of forms show nothing to whoever comes back to them.
            goal = path if request.method in ("GET", "HEAD") else "/"
            answer = RedirectResponse(f"/login?next={quote(goal)}", 303)
            return await answer(scope, receive, send)
        return await self._app(scope, receive, send)
