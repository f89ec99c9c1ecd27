"""``python -m aqa_bench.protocol.worker DESCRIPTOR``: one worker, as a command of its own."""

from __future__ import annotations

import socket
import sys

from aqa_bench.protocol.worker.child import serve

if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
