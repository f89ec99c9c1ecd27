"""Execute the notebook of the docs, docs/first-steps.ipynb, and write its outputs into it.

Run ``python tools/notebook.py`` after its cells or what they print have changed; with ``--check`` nothing is
written, and the exit status is 1 where a cell prints something else than the notebook shows. Texts are
compared, of pictures only whether there is one: their bytes are matplotlib's. Files that cells write go to a
temporary folder.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import os
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

__all__ = ["NOTEBOOK", "as_markdown", "execute", "main", "texts"]

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "first-steps.ipynb"

Notebook = dict[str, Any]


def execute(notebook: Notebook, folder: Path) -> Notebook:
    """The notebook with what its code cells print, return and draw today.

    Args:
        notebook: Its JSON, of nbformat 4.
        folder: Where the cells find themselves.
    """
    os.environ.setdefault("MPLBACKEND", "agg")
    names: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    before = Path.cwd()
    os.chdir(folder)
    try:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                count += 1
                outputs = _run("".join(cell["source"]), names, count)
                cell = cell | {"execution_count": count, "outputs": outputs}
            cells.append(cell)
    finally:
        os.chdir(before)
    return notebook | {"cells": cells}


def texts(notebook: Notebook) -> list[list[str]]:
    """What each code cell shows: texts, and ``picture`` for a picture."""
    return [
        [_text(output) for output in cell["outputs"]]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def as_markdown(notebook: Notebook, name: str) -> tuple[str, dict[str, bytes]]:
    """The notebook as a page, and its pictures by file name.

    Args:
        notebook: Its JSON.
        name: Its file name without the suffix; pictures are called after it.
    """
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", ()):
            if (png := output.get("data", {}).get("image/png")) is not None:
                file = f"{name}-{len(pictures) + 1}.png"
                pictures[file] = base64.b64decode(png)
                parts.append(f"![What the cell above draws]({file})")
            else:
                parts.append(f"```text\n{_text(output).rstrip()}\n```")
    return "\n\n".join(parts) + "\n", pictures


def main(arguments: list[str]) -> int:
    """Write the outputs, or check them with ``--check``."""
    old = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        new = execute(old, Path(folder))
    if arguments == ["--check"]:
        current = texts(old) == texts(new)
        print(f"{NOTEBOOK}: {'current' if current else 'not current; run python tools/notebook.py'}")
        return 0 if current else 1
    NOTEBOOK.write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written: {NOTEBOOK}")
    return 0


def _run(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with redirect_stdout(printed):
        exec(compile(tree, f"cell {count}", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": _lines(printed.getvalue())})
    if value is not None and not source.rstrip().endswith(";"):
        data = {"text/plain": _lines(repr(value))}
        outputs.append(
            {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data}
        )
    return outputs + [
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}
        for picture in _pictures()
    ]


def _pictures() -> list[str]:
    """The figures that a cell left open, as base64 of PNG; they are closed."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return []
    found = []
    for number in pyplot.get_fignums():
        buffer = io.BytesIO()
        pyplot.figure(number).savefig(buffer, format="png", dpi=90, metadata={"Software": None})
        found.append(base64.b64encode(buffer.getvalue()).decode())
    pyplot.close("all")
    return found


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _text(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    return "picture" if "image/png" in data else "".join(output.get("text") or data["text/plain"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
