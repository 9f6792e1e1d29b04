"""The cluster to which this process belongs, from `TF_CONFIG` or from Slurm's variables."""

import json
import os
import re
import socket
from collections import Counter
from dataclasses import dataclass
from typing import Any

from alexnet_tf.runtime.errors import InputError

ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+):(?P<port>[0-9]{1,5})")
EXAMPLE = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Cluster:
    """The workers that train together.

    Attributes:
        tasks: names such as `worker 1`; the first is the chief.
        addresses: `host:port` of each worker.
        rank: index of this process in `tasks`.
    """

    tasks: tuple[str, ...]
    addresses: tuple[str, ...]
    rank: int

    def name(self, rank: int) -> str:
        """Task and address of a worker.

        Example:

        >>> Cluster(("worker 0", "worker 1"), ("10.0.0.1:2222", "10.0.0.2:2222"), rank=0).name(1)
        'worker 1 (10.0.0.2:2222)'
        """
        return f"{self.tasks[rank]} ({self.addresses[rank]})"

    def place(self, rank: int) -> tuple[str, int]:
        """Host and port of a worker."""
        host, _, port = self.addresses[rank].rpartition(":")
        return host.strip("[]"), int(port)

    def listen(self) -> socket.socket:
        """A server socket on the port of this process; raises an InputError if it cannot be opened."""
        host, port = self.place(self.rank)
        try:
            return socket.create_server(("", port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            raise InputError(
                f"{self.name(self.rank)}: expected a free port; received: {error.strerror}"
            ) from None


def find_cluster() -> Cluster | None:
    """The cluster of this process, or None if it trains alone.

    A cluster from Slurm's variables is written to `TF_CONFIG`. The hosts of all workers are added to
    `no_grpc_proxy`.

    Raises:
        InputError: if the variables do not describe a cluster and this process's task in it.
    """
    if not os.environ.get("TF_CONFIG"):
        found = _slurm_cluster()
        if found is None:
            return None
        os.environ["TF_CONFIG"] = json.dumps(found)
    cluster = read_cluster(os.environ["TF_CONFIG"])
    # gRPC uses a proxy for hosts that are not in `no_grpc_proxy`. If this variable is set, gRPC ignores
    # `no_proxy`, so the hosts of `no_proxy` are copied to it.
    direct = os.environ.get("no_grpc_proxy") or os.environ.get("no_proxy")  # noqa: SIM112 (their names)
    hosts = [direct] if direct else []
    hosts += sorted({cluster.place(rank)[0] for rank in range(len(cluster.tasks))})
    os.environ["no_grpc_proxy"] = ",".join(hosts)  # noqa: SIM112
    return cluster


def read_cluster(text: str) -> Cluster:
    """Reads a value of `TF_CONFIG`; raises an InputError if it would make TensorFlow crash or hang."""
    try:
        content = json.loads(text)
        jobs: dict[str, list[str]] = content["cluster"]
        # int() alone would read 0.9 as 0 and true as 1.
        kind, index = content["task"]["type"], int(str(content["task"]["index"]))
        own_job = jobs[kind]
        listed = all(isinstance(addresses, list) and addresses for addresses in jobs.values())
        if not listed or not set(jobs) <= {"chief", "worker"} or len(jobs.get("chief", [""])) != 1:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(f"TF_CONFIG: expected {EXAMPLE}; received {text[:300]!r}") from None
    addresses = tuple(address for job in ("chief", "worker") for address in jobs.get(job, []))
    for address in addresses:
        match = ADDRESS.fullmatch(address) if isinstance(address, str) else None
        if not (match and 1 <= int(match["port"]) <= 65535):
            raise InputError(f"TF_CONFIG: expected addresses of the form host:port; received {address!r}")
    address, count = Counter(addresses).most_common(1)[0]
    if count > 1:
        raise InputError(
            f"TF_CONFIG: expected a different address for each worker; received {address} more than once"
        )
    if not 0 <= index < len(own_job):
        raise InputError(
            f"TF_CONFIG: expected the index of a {kind} between 0 and {len(own_job) - 1}; received {index}"
        )
    tasks = tuple(f"{job} {i}" for job in ("chief", "worker") for i in range(len(jobs.get(job, []))))
    return Cluster(tasks, addresses, tasks.index(f"{kind} {index}"))


def _slurm_cluster() -> dict[str, Any] | None:
    step, allocated = os.environ.get("SLURM_STEP_NUM_TASKS"), os.environ.get("SLURM_NTASKS")
    if "SLURM_PROCID" not in os.environ or (step or allocated or "1") == "1":
        return None
    try:
        import tensorflow as tf

        # Jobs that share a node get different ports, unless their ids are equal modulo 200. Steps of one job
        # get the same ports. Slurm assigns the GPUs, but the resolver requires numbers of GPUs.
        port = 10_000 + int(os.environ.get("SLURM_JOB_ID", "0")) % 200 * 100
        tasks = int(os.environ["SLURM_STEP_NUM_TASKS"])
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=port, gpus_per_node=tasks, gpus_per_task=1, auto_set_gpu=False
        )
        cluster = resolver.cluster_spec().as_dict()
        own = cluster[resolver.task_type][resolver.task_id]
    except (RuntimeError, ValueError, KeyError, IndexError, TypeError) as error:
        given = {name: text for name, text in sorted(os.environ.items()) if name.startswith("SLURM_STEP_")}
        raise InputError(
            f"Slurm: expected a step of several tasks, started by srun; received SLURM_NTASKS={allocated}, "
            f"{given or 'no SLURM_STEP_*'} ({error}); to train in one process, start it by srun --ntasks 1"
        ) from None
    node = os.environ.get("SLURMD_NODENAME", own.rpartition(":")[0])
    if own.rpartition(":")[0] != node:
        # TensorFlow's resolver sorts the names of the nodes as text, so node10 comes before node9. It gives
        # all tasks of a node consecutive numbers.
        raise InputError(
            f"Slurm: expected task {resolver.task_id} on {own.rpartition(':')[0]}, as TensorFlow orders the "
            f"nodes; received {node}; use srun --distribution=block and nodes that Slurm lists in the order "
            "of their names, sorted as text, or set TF_CONFIG"
        )
    return {"cluster": cluster, "task": {"type": resolver.task_type, "index": resolver.task_id}}
