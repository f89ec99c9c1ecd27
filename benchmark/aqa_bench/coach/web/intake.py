"""The page that takes a clip, and the form behind it."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import AsyncIterator
from typing import Final

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aqa_bench.coach.web.context import Context
from aqa_bench.coach.web.jobs import new_key
from aqa_bench.coach.web.probe import check_video
from aqa_bench.coach.web.storage import CLIP
from aqa_bench.coach.web.uploads import Form, FormError, TooLargeError, read_form
from aqa_bench.core.errors import AqaBenchError

__all__ = ["Intake"]

_AT_ONCE: Final = 2
_FORM_BYTES: Final = 64 << 10
_DRAINED: Final = 4


class Intake:
    """Takes clips in.

    Args:
        context: The app's parts.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.folder = context.settings.data / "incoming"
        self._probes: CapacityLimiter | None = None

    def show(self, request: Request) -> Response:
        """The empty form."""
        return self._context.page(request, "upload.html", problem=None, chosen=None)

    async def take(self, request: Request) -> Response:
        """Read the form, look at the file, queue it."""
        stream = request.stream()
        try:
            form = await self._read(request, stream)
        except TooLargeError:
            await _drain(stream, _DRAINED * self._context.settings.limits.bytes)
            return self._refused(request, _too_large(self._context.settings.limits.bytes), 413)
        except FormError as error:
            raise HTTPException(400) from error
        except OSError as error:
            await _drain(stream, _DRAINED * self._context.settings.limits.bytes)
            return self._refused(request, _full(error), 507)
        try:
            return await self._accept(request, form)
        finally:
            form.discard()

    async def _read(self, request: Request, stream: AsyncIterator[bytes]) -> Form:
        context, limits = self._context, self._context.settings.limits
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limits.bytes + _FORM_BYTES:
            raise TooLargeError
        free = shutil.disk_usage(self.folder).free - limits.spare
        if free < (int(announced) if announced.isdigit() else 0):
            raise OSError("not enough free space for the upload")

        def before_file(fields: dict[str, str]) -> None:
            # Nothing of a form from elsewhere touches the disk.
            if not context.doors.is_own_form(request, fields.get("token", "")):
                raise HTTPException(403)

        content_type = request.headers.get("content-type", "")
        form = await read_form(content_type, stream, self.folder, limits.bytes, before_file)
        if not context.doors.is_own_form(request, form.fields.get("token", "")):
            form.discard()
            raise HTTPException(403)
        return form

    async def _accept(self, request: Request, form: Form) -> Response:
        context, limits = self._context, self._context.settings.limits
        exercise = form.fields.get("exercise", "")
        if exercise not in context.exercises:
            problem = AqaBenchError("No exercise was chosen.", remedy="Choose one from the list.")
            return self._refused(request, problem, 422)
        if form.file is None or not form.size:
            problem = AqaBenchError("No clip was chosen.", remedy="Choose a video, or record one.")
            return self._refused(request, problem, 422, exercise)
        owner = context.doors.owner(request)
        mine = await to_thread.run_sync(context.jobs.of, owner)
        if sum(not job.is_over for job in mine) >= limits.waiting:
            problem = AqaBenchError(
                "Many of your clips are still waiting.", remedy="Wait until some of them have been judged."
            )
            return self._refused(request, problem, 429, exercise)
        file = form.file
        if self._probes is None:
            self._probes = CapacityLimiter(_AT_ONCE)
        try:
            await to_thread.run_sync(check_video, file, limits, limiter=self._probes)
        except AqaBenchError as error:
            return self._refused(request, error, 422, exercise)
        key, blur = new_key(), form.fields.get("blur") == "on"

        def keep() -> None:
            context.storage.put(key, CLIP, file)
            try:
                context.jobs.add(key, owner, name=_shown(form.filename), exercise=exercise, blur=blur)
            except BaseException:
                context.storage.delete(key)
                raise

        try:
            await to_thread.run_sync(keep)
        except OSError as error:
            await to_thread.run_sync(context.storage.delete, key)
            return self._refused(request, _full(error), 507, exercise)
        return RedirectResponse(f"/clips/{key}", 303)

    def _refused(
        self, request: Request, problem: AqaBenchError, status: int, chosen: str | None = None
    ) -> Response:
        return self._context.page(request, "upload.html", code=status, problem=problem, chosen=chosen)


def _shown(name: str) -> str:
    """A file's name for people: one short line without control characters or folders."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip()
    return kept[:120] or "clip"


def _too_large(most: int) -> AqaBenchError:
    return AqaBenchError(
        "The file is too large.",
        expected=f"at most {most >> 20} MB",
        remedy="Trim it to one set (a few repetitions are enough), or record in 1080p.",
    )


def _full(error: OSError) -> AqaBenchError:
    return AqaBenchError(
        "The clip could not be stored; nothing was kept.",
        found=error.strerror or str(error),
        remedy="Ask the person who runs this app to free some space or repair its folder, then upload again.",
    )


async def _drain(stream: AsyncIterator[bytes], most: int) -> None:
    """Read on without keeping: a browser shows no answer before it has sent everything."""
    read = 0
    async for chunk in stream:
        read += len(chunk)
        if read > most:
            return
