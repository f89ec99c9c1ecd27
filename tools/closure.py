"""Count what a reader of a method meets: the project's files that importing its module pulls in.

Run ``python tools/closure.py cvcspc``: it prints the number of files and of their lines, ``--list`` every
file. A fresh interpreter imports the method, so that nothing is there but what the import needs. Files
without a line are not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import aqa_bench
from aqa_bench.core.registry import find_method

__all__ = ["closure", "main"]

_PROBE = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps([m.__file__ for n, m in sys.modules.items() if n.partition(".")[0] == "aqa_bench"]))
"""


def closure(method: str) -> dict[Path, int]:
    """Lines of every file of the project that importing a method's class pulls in.

    Raises:
        UsageError: There is no such method.
    """
    module = find_method(method).factory.partition(":")[0]
    command = [sys.executable, "-c", _PROBE, module]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    sizes = {Path(file): len(Path(file).read_text(encoding="utf-8").splitlines()) for file in found if file}
    return {file: lines for file, lines in sorted(sizes.items()) if lines}


def main(arguments: list[str]) -> int:
    """Print the closure of the methods named."""
    root = Path(aqa_bench.__file__).parents[2]
    for method in (argument for argument in arguments if argument != "--list"):
        sizes = closure(method)
        if "--list" in arguments:
            for file, lines in sizes.items():
                print(f"{lines:>5}  {file.relative_to(root) if file.is_relative_to(root) else file}")
        print(f"{method}: {len(sizes)} files, {sum(sizes.values()):,} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
