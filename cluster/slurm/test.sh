#!/bin/bash
# A sweep as a job array on two Slurm nodes of this machine, one of which is killed in the middle: the merged results must
# be those of a single process. Usage: test.sh PROGRAM FOLDER. Needs root, slurmctld, slurmd and munged; exits 77 where
# that is not given.
set -euo pipefail
skip() { echo "skipped: $*"; exit 77; }
program=$(realpath "$1"); mkdir -p "$2"; folder=$(realpath "$2")
script=$(realpath "$(dirname "$0")")/sweep.sbatch
[ "$(id -u)" = 0 ] || skip "starting Slurm needs root"
for tool in slurmctld slurmd munged sbatch srun scontrol; do
  command -v "$tool" > /dev/null || skip "there is no $tool here (Debian: apt-get install slurm-wlm munge)"
done

# Alone with the loopback, where that may be had, so that no port is in anybody's way.
if [ -z "${ALONE:-}" ]; then
  if command -v ip > /dev/null && unshare --net true 2> /dev/null; then
    ALONE=yes exec unshare --net "$0" "$program" "$folder"
  fi
else
  ip link set lo up
  # Names are looked up only where there is an address besides 127.0.0.1.
  ip address add 192.0.2.1/32 dev lo
fi

export SLURM_CONF=$folder/slurm.conf
mkdir -p "$folder"/{munge,state,spool/n1,spool/n2,log,run,out}
chmod 700 "$folder/munge"
head -c 1024 /dev/urandom > "$folder/munge/key"; chmod 400 "$folder/munge/key"
cat > "$SLURM_CONF" <<CONF
ClusterName=local
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
AuthInfo=socket=$folder/munge/sock
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SlurmdTimeout=5
SchedulerParameters=sched_interval=2
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/run/ctld.pid
SlurmdPidFile=$folder/run/%n.pid
SlurmctldLogFile=$folder/log/ctld.log
SlurmdLogFile=$folder/log/%n.log
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[16821-16822] CPUs=1
PartitionName=sim Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF

# The processes that end with this test, each by its number.
steps() { # of a job: Slurm's own, and what it started
  local job=$1 pid
  for pid in /proc/[0-9]*; do
    pid=${pid#/proc/}
    if tr '\0' ' ' 2> /dev/null < "/proc/$pid/cmdline" | grep -q "^slurmstepd: \[$job\."; then echo "$pid"
    elif tr '\0' '\n' 2> /dev/null < "/proc/$pid/environ" | grep -qx "SLURM_CONF=$SLURM_CONF" &&
      tr '\0' '\n' 2> /dev/null < "/proc/$pid/environ" | grep -qx "SLURM_JOB_ID=$job"; then echo "$pid"; fi
  done
}
stop() {
  scancel --user=root 2> /dev/null || true
  sleep 1
  for file in "$folder"/run/*.pid "$folder/munge/pid"; do
    if [ -s "$file" ]; then kill "$(cat "$file")" 2> /dev/null || true; fi
  done
}
trap stop EXIT
wait_for() { # at most so many seconds, until something is so
  local seconds=$1 what=$2; shift 2
  for _ in $(seq $((seconds * 5))); do if "$@"; then return; fi; sleep 0.2; done
  echo "not within $seconds s: $what"; squeue --array || true; sinfo -N || true; tail -n 20 "$folder"/log/*.log || true; exit 1
}

munged --force --key-file="$folder/munge/key" --socket="$folder/munge/sock" --pid-file="$folder/munge/pid" \
  --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
slurmctld -f "$SLURM_CONF"
for node in n1 n2; do slurmd -N "$node" -f "$SLURM_CONF"; done
idle() { [ "$(sinfo -h -N -o %T | grep -c idle)" = 2 ]; }
wait_for 30 "two idle nodes" idle

# As many seeds as this machine runs in half a minute, so that there is a middle to be killed in.
export SCENARIO=hello SHARDS=4 OUT=$folder/out STEMMATA=$program FLAGS="--flaw e10"
before=$(date +%s%N)
"$program" sweep "$SCENARIO" --count 1000 $FLAGS -j 1 --quiet > /dev/null || [ $? = 1 ]
export SEEDS=0..$((30000000000 / (($(date +%s%N) - before) / 1000)))
"$program" sweep "$SCENARIO" --seeds "$SEEDS" $FLAGS -j 2 --quiet -o "$folder/whole.jsonl" > /dev/null || [ $? = 1 ]
job=$(sbatch --parsable --array=1-$SHARDS --output="$folder/log/task-%a.log" "$script")
begun() { ls "$OUT"/*.jsonl > /dev/null 2>&1 && [ -n "$(squeue -h -w n2 -t R -o %A)" ]; }
wait_for 60 "a task on n2, and results" begun

victim=$(squeue -h -w n2 -t R -o %A | head -1)
task=$(squeue -h -j "$victim" -o %K)
middle() { grep -qE '"why":"unfinished","runs":[0-9]{3,}' "$OUT/$task.jsonl"; }
wait_for 30 "task $task, which runs on n2, to be in the middle" middle
echo "killing n2 with task $task of job $job"
kill -9 "$(cat "$folder/run/n2.pid")"
for pid in $(steps "$victim"); do kill -9 "$pid" 2> /dev/null || true; done
cp "$OUT/$task.jsonl" "$folder/left.jsonl"
down() { sinfo -h -N -n n2 -o %T | grep -q down; }
wait_for 60 "n2 to be missed" down
slurmd -N n2 -f "$SLURM_CONF"

# A requeued task waits two minutes for its node to recover; it has.
ended() {
  local waiting
  for waiting in $(squeue -h -t PD -r -o %i -j "$job" 2> /dev/null); do
    scontrol update "jobid=$waiting" starttime=now 2> /dev/null || true
  done
  [ -z "$(squeue -h -j "$job" 2> /dev/null)" ]
}
wait_for 240 "the array to end" ended

grep -q '"why":"unfinished"' "$folder/left.jsonl" || { echo "task $task had ended before n2 was killed"; exit 1; }
grep -q "runs done before" "$folder/log/task-$task.log" || { echo "task $task did not go on where it was killed"; exit 1; }
"$program" merge "$OUT"/*.jsonl -o "$folder/all.jsonl" -q > /dev/null || [ $? = 1 ]
cmp "$folder/whole.jsonl" "$folder/all.jsonl"
grep "runs done before" "$folder/log/task-$task.log"
echo "same results: $(tail -n 1 "$folder/all.jsonl" | grep -o '"digest":"[0-9a-f]*"')"
