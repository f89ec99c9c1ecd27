"""What the attacks share: the methods of ``tests/plugins`` and short intervals.

One test per attack, in ``test_<section>_<topic>.py``: A labels, B results on disk, C submissions,
D parsers. Its name says what the attacker tries; it asserts what they get, and the sentence that names it.
"""

from __future__ import annotations

import pytest

from aqa_bench.stats import scoring


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested with the statistics; here they only have to be there."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)
