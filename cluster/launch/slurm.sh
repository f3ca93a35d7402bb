#!/bin/bash
# A sweep on the nodes of one Slurm job; what follows the script's name goes to the sweep:
#
#   sbatch --nodes=4 --time=24:00:00 cluster/launch/slurm.sh configs/x.yaml storage=/shared/lethe
#
# Submit it where this checkout and its `python` and `ray` are on every node. Slurm's signal before
# the time is up has the sweep leave in order; the same command goes on.
#SBATCH --job-name=lethe
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --gpus-per-node=8
#SBATCH --signal=B:TERM@300
set -euo pipefail

nodes="$SLURM_JOB_NUM_NODES"
head="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | awk "NR == 1")"
address="$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | awk '{print $1}')"
export RAY_ADDRESS="$address:$((20000 + SLURM_JOB_ID % 20000))" RAY_AUTH_MODE=token RAY_AUTH_TOKEN
RAY_AUTH_TOKEN="$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"

srun --overlap --nodes=1 --ntasks=1 --nodelist="$head" env -u RAY_ADDRESS \
    ray start --head --node-ip-address="$address" --port="${RAY_ADDRESS##*:}" --block &
if [ "$nodes" -gt 1 ]; then
    srun --overlap --nodes="$((nodes - 1))" --ntasks="$((nodes - 1))" --exclude="$head" \
        ray start --address="$RAY_ADDRESS" --block &
fi
for _ in $(seq 150); do
    up="$(ray status --address="$RAY_ADDRESS" 2>/dev/null | grep -c '^ 1 node_' || true)"
    [ "$up" -lt "$nodes" ] || break
    sleep 2
done

python -m orchestrator.sweep "$@" &
sweep=$!
trap 'kill -TERM "$sweep"' TERM
code=0
wait "$sweep" || code=$?
if kill -0 "$sweep" 2>/dev/null; then  # the signal ended the wait, not yet the sweep
    code=0
    wait "$sweep" || code=$?
fi
exit "$code"
