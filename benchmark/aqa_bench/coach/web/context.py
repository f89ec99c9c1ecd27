"""What all pages of the app share: settings, queue, files, doors, templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from aqa_bench.coach.web.doors import Doors
from aqa_bench.coach.web.jobs import Job, Jobs
from aqa_bench.coach.web.settings import Settings, in_words
from aqa_bench.coach.web.storage import Storage

__all__ = ["Context", "make_environment"]


@dataclass(frozen=True)
class Context:
    """The parts of a running app.

    Attributes:
        settings: What it was told.
        jobs: The queue.
        storage: The files.
        doors: Who is asking.
        exercises: Exercise ids with their words.
        pages: The templates.
    """

    settings: Settings
    jobs: Jobs
    storage: Storage
    doors: Doors
    exercises: Mapping[str, str]
    pages: Environment

    def page(self, request: Request, template: str, *, code: int = 200, **values: Any) -> HTMLResponse:
        """Render a page; the browser gets its cookie with it."""
        text = self.pages.get_template(template).render(
            token=self.doors.token(request),
            nonce=request.state.nonce,
            exercises=self.exercises,
            keep=in_words(self.settings.keep_s),
            limits=self.settings.limits,
            locked=self.settings.password is not None,
            **values,
        )
        response = HTMLResponse(text, code)
        self.doors.remember(request, response)
        return response

    def job(self, request: Request) -> Job:
        """The job that the address names.

        Raises:
            HTTPException: There is none, or none any more.
        """
        job = self.jobs.find(request.path_params["key"])
        if job is None:
            raise HTTPException(404)
        return job

    def is_owner(self, request: Request, job: Job) -> bool:
        """Whether this browser uploaded the clip."""
        return self.doors.owner(request) == job.owner


def make_environment() -> Environment:
    """The templates: everything is escaped, and a name that is missing is an error."""
    environment = Environment(
        loader=PackageLoader("aqa_bench.coach.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["clock"] = _clock
    environment.filters["words"] = in_words
    return environment


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
