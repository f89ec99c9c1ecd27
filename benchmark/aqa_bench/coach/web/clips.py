"""The pages of a clip: waiting, verdict, files, another person, deletion; and the list of all clips."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any, Final

import anyio
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from aqa_bench.coach.assessment import Assessment
from aqa_bench.coach.web.context import Context
from aqa_bench.coach.web.forms import own_fields
from aqa_bench.coach.web.jobs import Job, State
from aqa_bench.coach.web.result import Result
from aqa_bench.coach.web.status import status_of
from aqa_bench.coach.web.worker import ASSESSMENT

__all__ = ["Clips"]

_TYPES: Final = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".json": "application/json"}
_SERVED: Final = re.compile(r"judged\.mp4|cover\.jpg|people-\d{1,9}\.jpg|assessment\.json")
_GONE: Final = {
    "what": "The result is gone, or was written by another version of aqa-bench.",
    "remedy": "Upload the clip again.",
}
_POLL_S: Final = 0.25
_SIGN_OF_LIFE_S: Final = 15.0


class Clips:
    """Shows clips.

    Args:
        context: The app's parts.
        closing: Says whether the server is about to end.
    """

    def __init__(self, context: Context, closing: Callable[[], bool]) -> None:
        self._context, self._closing = context, closing

    def show(self, request: Request) -> Response:
        """A clip, wherever it stands."""
        context, job = self._context, self._context.job(request)
        shared: dict[str, Any] = {"job": job, "own": context.is_owner(request, job)}
        if not job.is_over:
            status = status_of(job, context.jobs.ahead(job.key))
            return context.page(request, "waiting.html", status=status, **shared)
        assessment = self._assessment(job)
        if job.state is State.FAILED or assessment is None:
            failure = job.failure or _GONE
            return context.page(request, "failed.html", failure=failure, **shared)
        return context.page(request, "result.html", result=Result(job, assessment), **shared)

    async def events(self, request: Request) -> Response:
        """Where the clip stands, whenever that changes, as server-sent events."""
        key = (await to_thread.run_sync(self._context.job, request)).key

        def look() -> tuple[dict[str, Any], bool]:
            job = self._context.jobs.find(key)
            if job is None:
                return {"state": "gone"}, True
            return asdict(status_of(job, self._context.jobs.ahead(key))), job.is_over

        async def lines() -> AsyncIterator[str]:
            last, quiet = None, 0.0
            while True:
                status, is_over = await to_thread.run_sync(look)
                if status != last:
                    last, quiet = status, 0.0
                    yield f"data: {json.dumps(status)}\n\n"
                elif quiet >= _SIGN_OF_LIFE_S:
                    quiet = 0.0
                    yield ":\n\n"
                if is_over or self._closing():
                    return
                await anyio.sleep(_POLL_S)
                quiet += _POLL_S

        # A proxy must not collect the lines.
        return StreamingResponse(lines(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    def file(self, request: Request) -> Response:
        """A file that was made of the clip; never the clip itself."""
        job, name = self._context.job(request), request.path_params["name"]
        found = self._context.storage.local(job.key, name) if _SERVED.fullmatch(name) else None
        if found is None:
            raise HTTPException(404)
        kind = "attachment" if "download" in request.query_params else "inline"
        return FileResponse(
            found,
            media_type=_TYPES[found.suffix],
            filename=f"{job.exercise}-{name}",
            content_disposition_type=kind,
        )

    async def person(self, request: Request) -> Response:
        """Judge somebody else in the clip."""
        job, fields = await self._own(request)
        assessment = await to_thread.run_sync(self._assessment, job)
        people = {} if assessment is None else {str(person.index): person for person in assessment.people}
        person = people.get(fields.get("person", ""))
        if person is None:
            raise HTTPException(400)
        await to_thread.run_sync(self._context.jobs.again, job.key, person.index)
        return RedirectResponse(f"/clips/{job.key}", 303)

    async def delete(self, request: Request) -> Response:
        """Delete a clip and all that was made of it."""
        job, _ = await self._own(request)
        await to_thread.run_sync(self._forget, job)
        return RedirectResponse("/history", 303)

    def history(self, request: Request) -> Response:
        """The clips of this browser."""
        jobs = self._context.jobs.of(self._context.doors.owner(request))
        covers = {job.key for job in jobs if self._context.storage.local(job.key, "cover.jpg")}
        return self._context.page(request, "history.html", jobs=jobs, covers=covers)

    async def delete_all(self, request: Request) -> Response:
        """Delete every clip of this browser."""
        await own_fields(request, self._context.doors)

        def forget_all() -> None:
            for job in self._context.jobs.of(self._context.doors.owner(request)):
                self._forget(job)

        await to_thread.run_sync(forget_all)
        return RedirectResponse("/history", 303)

    async def _own(self, request: Request) -> tuple[Job, dict[str, str]]:
        fields = await own_fields(request, self._context.doors)
        job = await to_thread.run_sync(self._context.job, request)
        if not self._context.is_owner(request, job):
            raise HTTPException(403)
        return job, fields

    def _forget(self, job: Job) -> None:
        # A worker that is at it notices, and deletes what it has still put.
        self._context.jobs.delete(job.key)
        self._context.storage.delete(job.key)

    def _assessment(self, job: Job) -> Assessment | None:
        file = self._context.storage.local(job.key, ASSESSMENT)
        try:
            return None if file is None else Assessment.model_validate_json(file.read_bytes())
        except ValueError:
            return None
