"""The manifests for KubeRay and `ray up`, and the image that both run, agree with the project."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from orchestrator.config.loading import load_config
from tests.fixtures.paths import CONFIGS, ROOT

LAUNCH = ROOT / "cluster" / "launch"
IMAGE_ROOT = "/opt/lethe/"


def pinned(name: str) -> str:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(f"{name}=="))


@pytest.fixture(scope="module")
def job() -> dict:
    return yaml.safe_load((LAUNCH / "kuberay.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pods(job) -> list[dict]:
    cluster = job["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups]


def test_the_cluster_runs_the_ray_that_is_pinned(job) -> None:
    assert job["spec"]["rayClusterSpec"]["rayVersion"] == pinned("ray")


def test_the_job_is_a_sweep_of_ours_that_its_workers_can_hold(job) -> None:
    words = shlex.split(job["spec"]["entrypoint"])
    assert words[:3] == ["python", "-m", "orchestrator.sweep"]
    file = ROOT / words[3].removeprefix(IMAGE_ROOT)
    assert file.parent == CONFIGS
    config = load_config(str(file), words[4:])
    assert str(config.storage).startswith("/storage/")
    (workers,) = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    limits = workers["template"]["spec"]["containers"][0]["resources"]["limits"]
    gang = config.gang
    assert int(limits["nvidia.com/gpu"]) * workers["minReplicas"] >= gang.ranks * gang.gpus_per_rank
    assert int(limits["cpu"]) * workers["minReplicas"] >= gang.ranks * gang.cpus_per_rank
    assert workers["minReplicas"] <= workers["replicas"] <= workers["maxReplicas"]


def test_every_pod_has_the_image_the_storage_and_shared_memory(pods) -> None:
    (image,) = {pod["containers"][0]["image"] for pod in pods}
    assert re.fullmatch(r"registry\.example\.org/lethe:\d+\.\d+\.\d+", image)
    for pod in pods:
        volumes = {volume["name"] for volume in pod["volumes"]}
        mounts = {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}
        assert mounts == {"storage": "/storage", "shm": "/dev/shm"}
        assert set(mounts) == volumes


def test_no_rank_is_placed_on_the_head(job) -> None:
    head = job["spec"]["rayClusterSpec"]["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == "0"


def test_rays_launcher_takes_its_file() -> None:
    config = yaml.safe_load((LAUNCH / "ray_up.yaml").read_text(encoding="utf-8"))
    validate_config(prepare_config(config))
    assert config["available_node_types"][config["head_node_type"]]["resources"] == {"CPU": 0}
    assert config["available_node_types"]["gpu"]["max_workers"] <= config["max_workers"]


def test_all_that_the_image_copies_is_there_and_packages_are_the_pinned_ones() -> None:
    text = (LAUNCH / "Containerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY --chown=lethe (.+) \S+$", text, re.MULTILINE)
    sources = [name for line in copied for name in line.split()]
    assert sources
    assert all((ROOT / name).exists() for name in sources)
    assert "pip install --constraint constraints.txt --editable ." in text
    assert f"WORKDIR {IMAGE_ROOT.rstrip('/')}" in text


def test_an_image_holds_as_little_of_a_person_as_an_uploaded_job() -> None:
    """Nor a virtual environment, which would take the place of the image's own."""
    kept_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()[1:]
    uploaded = (ROOT / ".rayignore").read_text(encoding="utf-8").splitlines()[1:]
    assert kept_out == [f"**/{line}" for line in uploaded]
    assert "**/.venv" in kept_out


@pytest.mark.parametrize("file", sorted(LAUNCH.iterdir()), ids=lambda file: file.name)
def test_the_docs_say_when_to_take_it(file: Path) -> None:
    page = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    assert f"cluster/launch/{file.name}" in page
