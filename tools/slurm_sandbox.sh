#!/usr/bin/env bash
# A SLURM cluster of one machine with two nodes of one CPU each, to try suites on.
#
#   tools/slurm_sandbox.sh start DIR    start the daemons; prints the line that points commands at them
#   tools/slurm_sandbox.sh stop DIR     end them, by their process ids
#   tools/slurm_sandbox.sh kill DIR N   kill node N (n1 or n2) and all that runs on it, as a crash would
#   tools/slurm_sandbox.sh node DIR N   start node N again
#
# It needs the Debian packages slurmctld, slurmd, slurm-client and munge, and root in a container. All ports
# are on the loopback; a file of its own in DIR says which. MAX_ARRAY (default 1001) is MaxArraySize. With
# GPU=1 node n1 says that it has a GPU: a device without a driver. Jobs for one go there and see its number.
set -euo pipefail

usage() { sed -n '2,11p' "$0" | cut -c3-; exit 2; }
[ $# -ge 2 ] || usage
verb=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
conf=$dir/slurm.conf
host=$(hostname)

missing=""
for name in slurmctld slurmd sbatch munged; do command -v "$name" > /dev/null || missing="$missing $name"; done
[ -z "$missing" ] || { echo "not installed:$missing" >&2; exit 3; }
[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 3; }

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

configure() {
  mkdir -p "$dir/state" "$dir/spool" "$dir/log" "$dir/run"
  cat > "$conf" << CONF
ClusterName=sandbox
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,batch_sched_delay=0
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
SlurmdParameters=config_overrides
SlurmdTimeout=10
KillWait=5
MinJobAge=300
ReturnToService=2
JobRequeue=1
MaxArraySize=${MAX_ARRAY:-1001}
${GPU:+GresTypes=gpu}
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=1 RealMemory=16000${GPU:+ Gres=gpu:1} State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=1 RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF
  [ -z "${GPU:-}" ] || { [ -e "$dir/nvidia0" ] || mknod "$dir/nvidia0" c 195 0; echo "NodeName=n1 Name=gpu File=$dir/nvidia0" > "$dir/gres.conf"; }
}

end() {  # end the process that a pid file names; one that does not listen is killed
  [ -f "$1" ] || return 0
  local pid
  pid=$(cat "$1")
  kill "$pid" 2> /dev/null || true
  for _ in $(seq 20); do kill -0 "$pid" 2> /dev/null || break; sleep 0.25; done
  kill -KILL "$pid" 2> /dev/null || true
  rm -f "$1"
}

says() {  # whether a process has a variable of this value
  tr '\0' '\n' < "/proc/$1/environ" 2> /dev/null | grep -qx "$2=$3"
}

kill_tree() {  # kill a process and all below it, the deepest first
  local child
  for child in $(pgrep -P "$1" || true); do kill_tree "$child"; done
  kill -KILL "$1" 2> /dev/null || true
}

case $verb in
  start)
    configure
    head -c 128 /dev/urandom > "$dir/run/munge.key"
    chown -R munge: "$dir/run"
    chmod 700 "$dir/run"
    chmod 400 "$dir/run/munge.key"
    su -s /bin/sh munge -c "munged --force --key-file=$dir/run/munge.key --socket=$dir/run/munge.socket \
      --pid-file=$dir/run/munged.pid --log-file=$dir/run/munged.log --seed-file=$dir/run/munge.seed"
    chmod 755 "$dir/run"
    slurmctld -f "$conf"
    for node in n1 n2; do slurmd -f "$conf" -N "$node"; done
    export SLURM_CONF=$conf
    for _ in $(seq 60); do
      [ "$(sinfo -h -t idle -N 2> /dev/null | wc -l)" = 2 ] && break
      sleep 0.5
    done
    sinfo -N >&2
    echo "export SLURM_CONF=$conf"
    ;;
  stop)
    export SLURM_CONF=$conf
    scancel -u root 2> /dev/null || true
    for file in "$dir"/run/slurmd-*.pid "$dir/run/slurmctld.pid" "$dir/run/munged.pid"; do end "$file"; done
    ;;
  kill)
    [ $# = 3 ] || usage
    pid=$(cat "$dir/run/slurmd-$3.pid")
    kill -KILL "$pid" 2> /dev/null || true
    # Steps are nobody's children: the cluster's file is in their environment, the node in their children's.
    for step in $(pgrep -f "slurmstepd: \[" || true); do
      says "$step" SLURM_CONF "$conf" || continue
      for child in $(pgrep -P "$step" || true); do
        if says "$child" SLURMD_NODENAME "$3"; then kill_tree "$step"; fi
      done
    done
    rm -f "$dir/run/slurmd-$3.pid"
    ;;
  node)
    [ $# = 3 ] || usage
    slurmd -f "$conf" -N "$3"
    ;;
  *) usage ;;
esac
