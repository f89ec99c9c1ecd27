"""The page that asks for the shared password."""

from __future__ import annotations

from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aqa_bench.coach.web.context import Context
from aqa_bench.coach.web.forms import own_fields

__all__ = ["Login"]

_WRONG_S: Final = 1.0


class Login:
    """Lets in who knows the password; one guess per second, for all guessers together.

    Args:
        context: The app's parts.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turn: anyio.Lock | None = None

    def show(self, request: Request) -> Response:
        """Ask."""
        return self._page(request, request.query_params.get("next", "/"))

    async def enter(self, request: Request) -> Response:
        """Hear the answer."""
        fields = await own_fields(request, self._context.doors)
        goal = fields.get("next", "/")
        if self._turn is None:
            self._turn = anyio.Lock()
        async with self._turn:
            if not self._context.doors.knows(fields.get("password", "")):
                await anyio.sleep(_WRONG_S)
                return self._page(request, goal, wrong=True)
        response = RedirectResponse(_inside(goal), 303)
        self._context.doors.remember(request, response, let_in=True)
        return response

    def _page(self, request: Request, goal: str, *, wrong: bool = False) -> Response:
        code = 403 if wrong else 200
        return self._context.page(request, "login.html", code=code, goal=_inside(goal), wrong=wrong)


def _inside(goal: str) -> str:
    """An address of this app; ``/`` in place of any other, also where a browser would read another host."""
    is_path = goal.startswith("/") and not goal.startswith("//") and goal.isprintable()
    return goal if is_path and "\\" not in goal else "/"
