"""What launchers of MPI, Slurm and torch say of a process: for a rank of a gang it is not true.

Whoever starts a driver or a node under one of them passes its variables on to every rank.
"""

from collections.abc import Iterable

PREFIXES = (
    "OMPI_",
    "PMI_",
    "PMIX_",
    "MPI_",
    "MPIR_",
    "MV2_",
    "HYDRA_",
    "HYDI_",
    "I_MPI_",
    "SLURM_",
    "TORCHELASTIC_",
    "AZ_BATCH",
    "AZUREML_EXPERIMENT",
)
NAMES = {
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "NODE_RANK",
    "GROUP_RANK",
    "GROUP_WORLD_SIZE",
    "ROLE_NAME",
    "ROLE_RANK",
    "ROLE_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "CROSS_RANK",
    "CROSS_SIZE",
}


def set_by_launchers(names: Iterable[str]) -> list[str]:
    """Returns those of the names of variables that launchers set."""
    return [name for name in names if name in NAMES or name.startswith(PREFIXES)]
