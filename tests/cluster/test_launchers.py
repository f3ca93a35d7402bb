"""Variables of launchers are known by their names, and others stay."""

from cluster.launchers import set_by_launchers


def test_what_launchers_say_of_ranks_is_found_and_nothing_else() -> None:
    theirs = [
        "OMPI_COMM_WORLD_RANK",
        "PMI_SIZE",
        "PMIX_RANK",
        "SLURM_PROCID",
        "TORCHELASTIC_RUN_ID",
        "I_MPI_INFO_NP",
        "WORLD_SIZE",
        "RANK",
        "MASTER_ADDR",
    ]
    others = [
        "PATH",
        "NCCL_SOCKET_IFNAME",
        "CUDA_VISIBLE_DEVICES",
        "PMIC",
        "MASTER",
        "OMP_NUM_THREADS",
    ]
    assert set_by_launchers([*others, *theirs]) == theirs
