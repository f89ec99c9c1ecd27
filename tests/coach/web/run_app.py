"""Serves the app with the engine of the tests: SETTINGS PORT."""

from __future__ import annotations

import sys
from functools import partial

import fake_engine

from aqa_bench.coach.web.app import create_app
from aqa_bench.coach.web.serve import listen, run_app
from aqa_bench.coach.web.supervisor import worker_alive
from aqa_bench.coach.web.worker import settings_from

settings = settings_from(sys.argv[1])
run_app(
    lambda closing: create_app(
        settings, exercises=fake_engine.EXERCISES, closing=closing, meanwhile=partial(worker_alive, settings)
    ),
    listen("127.0.0.1", int(sys.argv[2])),
)
