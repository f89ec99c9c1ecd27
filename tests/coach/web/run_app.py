"""Serves the app with the engine of the tests: SETTINGS PORT."""

from __future__ import annotations

import sys
from functools import partial

import fake_engine
import uvicorn

from aqa_bench.coach.web.app import create_app
from aqa_bench.coach.web.supervisor import worker_alive
from aqa_bench.coach.web.worker import settings_from

settings = settings_from(sys.argv[1])
app = create_app(settings, exercises=fake_engine.EXERCISES, meanwhile=partial(worker_alive, settings))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", timeout_graceful_shutdown=1)
