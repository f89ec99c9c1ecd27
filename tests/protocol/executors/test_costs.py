from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.core.errors import UsageError
from aqa_bench.protocol.executors.costs import read_times
from aqa_bench.protocol.executors.planning import Cost
from aqa_bench.protocol.plan import Request

TABLE = """
about = "assumed"
[[job]]
method = "md"
dataset = "mtl-aqa/diving"
fit = 30
[[job]]
method = "md"
task = "kie"
fit = 10
again = 2
pretraining = 50
[[job]]
method = "md"
recipe = "quick"
fit = 1
"""


def test_the_first_that_fits_holds_and_fits_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "times.toml"
    file.write_text(TABLE)
    dive = Request("mtl-aqa/diving", "md", tasks=("score",))
    squat = Request("fitness-aqa/backsquat", "md", "quick", tasks=("kie", "kfe"))
    quick, other = Request("d", "md", "quick"), Request("d", "md", "paper")
    found = read_times(file).costs([dive, squat, quick, other], lambda r: len(r.tasks) or 3)
    assert found == {
        dive: Cost(30.0, estimate="given"),
        squat: Cost(72.0, 50.0, estimate="given", again=2.0),
        quick: Cost(3.0, estimate="given"),
    }


def test_a_table_of_other_keys_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "times.toml"
    file.write_text('about = ""\n[method."md"]\nrun = 1\n')
    with pytest.raises(UsageError, match="table of times"):
        read_times(file)
