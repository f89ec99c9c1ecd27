from __future__ import annotations

import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys
from aqa_bench.protocol.worker.memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    bytearray(b"x") * (40 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mallopt is glibc's")
def test_freed_memory_is_used_again_without_page_faults() -> None:
    faults = {
        how: int(subprocess.check_output([sys.executable, "-c", _FAULTS, how])) for how in ("kept", "usual")
    }
    # 5 times 40 MiB are 51,200 pages; where they are kept, those of the first serve all.
    assert faults["kept"] < 0.3 * faults["usual"]
