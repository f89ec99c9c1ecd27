from __future__ import annotations

import sys
from pathlib import Path

# Helpers of these tests, which are not a package.
sys.path.append(str(Path(__file__).parent))
