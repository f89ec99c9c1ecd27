"""A Ray cluster of two nodes on this machine, to try suites on.

Run ``python tools/ray_sandbox.py --cpus 1``: it prints the address of the cluster, and ends it with Ctrl-C or
when its input is closed. A line ``kill`` on its input kills the second node and all that runs on it, ``node``
starts another. It needs the package ray, and no network.
"""

from __future__ import annotations

import argparse
import os
import sys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cpus", type=int, default=1, help="of each node")
    cpus = parser.parse_args().cpus
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        from ray.cluster_utils import Cluster
    except ModuleNotFoundError:
        print("not installed: ray", file=sys.stderr)
        return 3
    head = {"num_cpus": cpus, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        other = cluster.add_node(num_cpus=cpus)
        print(cluster.address, flush=True)
        for line in sys.stdin:
            if line.strip() == "kill":
                cluster.remove_node(other, allow_graceful=False)
            elif line.strip() == "node":
                other = cluster.add_node(num_cpus=cpus)
            print(f"done: {line.strip()}", flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        cluster.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
