"""``python -m aqa_bench`` is ``aqa-bench``."""

from __future__ import annotations

import sys

from aqa_bench.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
