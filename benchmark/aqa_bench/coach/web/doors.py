"""Who is asking: the browser's own cookie, tokens of forms, and the shared password."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from aqa_bench.core.errors import AqaBenchError

__all__ = ["BROWSER", "PASS", "Doors"]

#: Cookie of the browser, by which it finds its clips again.
BROWSER: Final = "aqa_browser"
#: Cookie that says that the password was given.
PASS: Final = "aqa_pass"

_YEAR_S: Final = 365 * 86400
_SECRET_BYTES: Final = 32


class Doors:
    """Cookies and tokens, made with a secret that stays in the app's folder.

    Args:
        data: The app's folder.
        password: What everybody has to know; None for an open door.
    """

    def __init__(self, data: Path, password: str | None) -> None:
        self._secret = _secret(data / "secret")
        self._password = password

    def browser(self, request: Request) -> str:
        """The browser's own random text, as its cookie says or made for this request."""
        found: str | None = getattr(request.state, "browser", None)
        if found is None:
            sent = request.cookies.get(BROWSER, "")
            # It need not be signed: nobody guesses another's.
            found = sent if len(sent) == 43 and sent.isascii() else secrets.token_urlsafe(32)
            request.state.browser = found
        return found

    def owner(self, request: Request) -> str:
        """What the database knows of a browser: a digest of its cookie, which cannot be turned back."""
        return hashlib.sha256(self.browser(request).encode()).hexdigest()

    def token(self, request: Request) -> str:
        """What forms of this browser carry, and no page elsewhere knows."""
        return self._sign("form", self.browser(request))

    def is_own_form(self, request: Request, token: str) -> bool:
        """Whether a form was sent by a page of this app to this browser."""
        elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        sent = request.cookies.get(BROWSER)
        return (
            bool(sent) and not elsewhere and hmac.compare_digest(token.encode(), self.token(request).encode())
        )

    def is_open(self, request: Request) -> bool:
        """Whether this browser may come in."""
        given = request.cookies.get(PASS, "").encode()
        return self._password is None or hmac.compare_digest(given, self._pass(request).encode())

    def knows(self, password: str) -> bool:
        """Whether that is the password."""
        return self._password is not None and hmac.compare_digest(password.encode(), self._password.encode())

    def remember(self, request: Request, response: Response, *, let_in: bool = False) -> None:
        """Set the cookies.

        Args:
            request: What was asked.
            response: What is answered.
            let_in: The password was right.
        """
        secure = request.url.scheme == "https"
        pairs = [(BROWSER, self.browser(request))] + ([(PASS, self._pass(request))] if let_in else [])
        for name, value in pairs:
            if request.cookies.get(name) != value:
                response.set_cookie(
                    name, value, max_age=_YEAR_S, httponly=True, samesite="lax", secure=secure, path="/"
                )

    def _pass(self, request: Request) -> str:
        # Another password makes every pass void.
        return self._sign("pass", self.browser(request), self._password or "")

    def _sign(self, *words: str) -> str:
        return hmac.new(self._secret, "\0".join(words).encode(), hashlib.sha256).hexdigest()


def _secret(file: Path) -> bytes:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = file.read_bytes()
        if len(found) == _SECRET_BYTES:
            return found
        raise AqaBenchError(
            "The app's secret is damaged.",
            where=file,
            expected=f"{_SECRET_BYTES} bytes",
            found=f"{len(found)} bytes",
            remedy="Delete the file; browsers then forget which clips are theirs.",
        ) from None
    with os.fdopen(handle, "wb") as opened:
        secret = secrets.token_bytes(_SECRET_BYTES)
        opened.write(secret)
    return secret
