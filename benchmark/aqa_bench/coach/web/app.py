"""The app: its addresses, and what guards them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from aqa_bench.coach.exercises import EXERCISES
from aqa_bench.coach.web.clips import Clips
from aqa_bench.coach.web.context import Context, make_environment
from aqa_bench.coach.web.database import Database
from aqa_bench.coach.web.doors import Doors
from aqa_bench.coach.web.guards import Gate, Headers
from aqa_bench.coach.web.intake import Intake
from aqa_bench.coach.web.jobs import Jobs
from aqa_bench.coach.web.login import Login
from aqa_bench.coach.web.settings import Settings
from aqa_bench.coach.web.storages import open_storage

__all__ = ["create_app"]

_SAID: Final = {
    400: ("This request was not understood.", "Go back and try again."),
    403: (
        "This is not allowed.",
        "Only the browser that uploaded a clip may change it. If it is your clip, reload the page.",
    ),
    404: ("This page does not exist.", "The clip may have been deleted or may have expired."),
    413: ("The request is too large.", "Go back and try again."),
    500: (
        "An unexpected error occurred.",
        "Your clip is unchanged. The person who runs this app can find the cause in its output.",
    ),
}

Meanwhile = Callable[[], AbstractContextManager[object]]


def create_app(
    settings: Settings,
    *,
    exercises: Mapping[str, str] = EXERCISES,
    meanwhile: Meanwhile = nullcontext,
    closing: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """The app without a worker.

    Args:
        settings: What it is told.
        exercises: Exercise ids with their words.
        meanwhile: Entered while the app answers, e.g. what keeps a worker alive.
        closing: Says whether the server is about to end.

    Returns:
        An ASGI app.
    """
    context = Context(
        settings=settings,
        jobs=Jobs(Database(settings.data / "jobs.sqlite")),
        storage=open_storage(settings.storage, settings.data),
        doors=Doors(settings.data, settings.password),
        exercises=exercises,
        pages=make_environment(),
    )
    intake, clips, login = Intake(context), Clips(context, closing), Login(context)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        _tidy(context, intake.folder)
        with meanwhile():
            yield

    def error_page(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        what, remedy = _SAID.get(status, _SAID[400])
        return context.page(request, "error.html", code=status, what=what, remedy=remedy)

    app = Starlette(
        routes=[
            Route("/", intake.show),
            Route("/clips", intake.take, methods=["POST"]),
            Route("/clips/{key}", clips.show),
            Route("/clips/{key}/events", clips.events),
            Route("/clips/{key}/files/{name}", clips.file),
            Route("/clips/{key}/person", clips.person, methods=["POST"]),
            Route("/clips/{key}/delete", clips.delete, methods=["POST"]),
            Route("/history", clips.history),
            Route("/history/delete", clips.delete_all, methods=["POST"]),
            Route("/login", login.show),
            Route("/login", login.enter, methods=["POST"]),
            Mount("/static", StaticFiles(packages=[("aqa_bench.coach.web", "static")])),
        ],
        middleware=[Middleware(Gate, doors=context.doors, hosts=settings.hosts)],
        exception_handlers={HTTPException: error_page, Exception: error_page},
        lifespan=lifespan,
    )
    # Around everything, so that the page of a failure has them too.
    return Headers(app)


def _tidy(context: Context, incoming: Path) -> None:
    """Remove what a kill left behind: half an upload, and files that no job speaks of."""
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(parents=True, mode=0o700)
    for key in list(context.storage.keys()):
        if context.jobs.find(key) is None:
            context.storage.delete(key)
