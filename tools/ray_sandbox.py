"""A Ray cluster of two nodes on this machine, to try suites on.

Run ``python tools/ray_sandbox.py --cpus 1``: it prints the address of the cluster, and ends it with Ctrl-C or
when its input is closed. A line ``kill`` there kills the second node and all that runs on it, ``drain``
tells it that it will be preempted and ends it seconds later, ``node`` starts another. With ``--gpus 1``
the second node says that it has a GPU. It needs the package ray, and no network.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

WARNING_S = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cpus", type=int, default=1, help="of each node")
    parser.add_argument("--gpus", type=int, default=0, help="of the second node")
    told = parser.parse_args()
    of_second = {"num_cpus": told.cpus, "num_gpus": told.gpus}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        from ray.cluster_utils import Cluster
    except ModuleNotFoundError:
        print("not installed: ray", file=sys.stderr)
        return 3
    head = {"num_cpus": told.cpus, "num_gpus": 0, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        other = cluster.add_node(**of_second)
        print(cluster.address, flush=True)
        for line in sys.stdin:
            if line.strip() == "kill":
                cluster.remove_node(other, allow_graceful=False)
            elif line.strip() == "drain":
                warn(cluster.address, other.node_id)
                time.sleep(WARNING_S)
                cluster.remove_node(other, allow_graceful=True)
            elif line.strip() == "node":
                other = cluster.add_node(**of_second)
            print(f"done: {line.strip()}", flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        cluster.shutdown()
    return 0


def warn(address: str, node: str) -> None:
    """What a cloud's notice of a preemption comes to: the node takes no more work, and has seconds left."""
    command = ["drain-node", "--address", address, "--node-id", node]
    command += ["--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "sandbox"]
    command += ["--deadline-remaining-seconds", str(WARNING_S)]
    ray = Path(sys.executable).with_name("ray")
    subprocess.run([ray, *command], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
