"""Small forms: a token, a value, and whether they come from a page of this app."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from aqa_bench.coach.web.doors import Doors

__all__ = ["own_fields"]

_LONGEST: Final = 16 << 10
_MOST: Final = 20


async def own_fields(request: Request, doors: Doors) -> dict[str, str]:
    """The fields of a form that one of our pages sent.

    Raises:
        HTTPException: It is too long, has too many fields, or comes from elsewhere.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            raise HTTPException(413)
    try:
        fields = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_MOST))
    except ValueError as error:
        raise HTTPException(400) from error
    if not doors.is_own_form(request, fields.get("token", "")):
        raise HTTPException(403)
    return fields
