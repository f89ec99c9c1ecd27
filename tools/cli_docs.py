"""Render the page docs/command-line.md from the command line itself.

Run ``python tools/cli_docs.py`` after a verb or an option has changed; with ``--check`` nothing is written,
and the exit status is 1 where the page is not current.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from aqa_bench.cli.main import app

__all__ = ["PAGE", "PROGRAM", "commands", "main", "render"]

PROGRAM = "aqa-bench"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "command-line.md"

_INTRODUCTION = """\
# The command line

This page is generated from the program's own help by `python tools/cli_docs.py`.

Global options come before the command: `aqa-bench --offline run ...`. The exit status is 0 for success, 1 if
the work or a check failed, 2 for wrong usage, and 130 if interrupted. Errors go to stderr and say what went
wrong, where, what was expected, what was found and what to do. `--json` prints one JSON document on
stdout and nothing else.

| variable | meaning |
|---|---|
| `AQA_BENCH_DATA` | folder of prepared datasets; default: the platform's user data folder |
| `AQA_BENCH_CACHE` | folder of features, weights and frames; default: the platform's user cache folder |
| `AQA_BENCH_FRAMES` | how to keep frames that do not fit into memory: `raw`, `jpeg` or `auto` (default) |
| `AQA_BENCH_FRAMES_LIMIT` | limit on the [space for them](gpu.md#space-for-decoded-frames), e.g. `80GB` |
| `AQA_BENCH_SCRATCH` | folder on this machine's own disk for decoded frames; default: the cache |
| `AQA_BENCH_OFFLINE` | set to 1 to never open a socket, like `--offline` |
| `AQA_BENCH_PRECISION` | `float32` or `bfloat16` for networks; default: bfloat16 on GPUs that support it |
| `AQA_BENCH_GRAPHS` | set to 1: [replay training passes as CUDA graphs](gpu.md#cuda-graphs); default: 0 |
"""
_HELP = "--help"
_RANGES = {(True, True): "{0} to {1}", (True, False): "{0} or more", (False, True): "at most {1}"}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group below one, in the order of the help, with its path of names."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


def render() -> str:
    """The page as Markdown."""
    sections = [_INTRODUCTION]
    for path, command in commands(typer.main.get_command(app)):
        sections.append(_section(path, command))
    return "\n".join(sections)


def main(arguments: list[str]) -> int:
    """Write the page, or check it with ``--check``."""
    text = render()
    if arguments == ["--check"]:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print(f"{PAGE}: {'current' if current else 'not current; run python tools/cli_docs.py'}")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    print(f"written: {PAGE}")
    return 0


def _section(path: tuple[str, ...], command: Any) -> str:
    children = getattr(command, "commands", {})
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and _HELP not in p.opts]
    if path:
        lines = [f"## {' '.join(path)}", "", _prose(command.help)]
    else:
        # Installing shell completion is told apart by the shell that asks.
        options = [option for option in options if "completion" not in option.opts[0]]
        lines = ["## Global options", "", _prose(command.help)]
    if children:
        verbs = " | ".join(children)
        lines += ["", "```", f"{' '.join((PROGRAM, *path))} VERB ...", "```", "", f"Verbs: {verbs}."]
    else:
        lines += ["", "```", " ".join((PROGRAM, *path, *map(_use, arguments), "[OPTIONS]")), "```"]
    if arguments or options:
        lines += ["", "| | default | |", "|---|---|---|"]
        lines += [_row(parameter) for parameter in (*arguments, *options)]
    if command.epilog and not children:
        lines += ["", "```", *_examples(command.epilog), "```"]
    return "\n".join([*lines, ""])


def _use(argument: Any) -> str:
    name = _argument_name(argument)
    return f"{name}..." if argument.nargs == -1 else name


def _argument_name(argument: Any) -> str:
    name: str = argument.metavar or argument.name
    return name.strip("[].").upper()


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = [_argument_name(parameter)]
    else:
        # The long name first, as the examples have it.
        names = sorted(
            (*parameter.opts, *parameter.secondary_opts), key=lambda name: not name.startswith("--")
        )
    told = _prose(parameter.help or "")
    limits = _limits(parameter)
    if limits and limits not in told:
        told = f"{told} {limits[0].upper()}{limits[1:]}."
    return f"| {', '.join(f'`{name}`' for name in names)} | {_default(parameter)} | {_cell(told)} |"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    switch = getattr(parameter, "is_flag", False) and not parameter.secondary_opts
    if value is None or callable(value) or switch:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _limits(parameter: Any) -> str:
    low, high = (getattr(parameter, name, None) for name in ("min", "max"))
    if low is None and high is None:
        return ""
    return _RANGES[low is not None, high is not None].format(low, high)


def _prose(text: str) -> str:
    return re.sub(r"\s+", " ", text or "").strip()


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _examples(epilog: str) -> list[str]:
    """The examples of an epilog, one per line; remarks that are no commands become comments."""
    text = re.sub(r"^Examples?:\s*", "", _prose(epilog))
    return [
        example if example.startswith(PROGRAM) else re.sub(r"^([^:]*):\s+", r"\1:\n", f"# {example}")
        for example in text.split(" | ")
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
