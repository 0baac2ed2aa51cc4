"""docker-compose.yml: its shape; that each service starts alone; its commands without Docker."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from focus_lake.spark.java import java_home
from helpers import local_trino
from helpers.stack_template import ROOT

# The keys that the compose specification has and this file may use, with the type of each.
KEYS = {
    "image": str,
    "profiles": list,
    "entrypoint": list,
    "command": list,
    "working_dir": str,
    "volumes": list,
    "environment": dict,
    "ports": list,
    "user": str,
}


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def services(compose) -> dict:
    return compose["services"]


def test_the_file_has_the_shape_that_compose_reads(compose):
    assert set(compose) == {"name", "services"}
    assert re.fullmatch("[a-z0-9][a-z0-9_-]*", compose["name"])
    for name, service in compose["services"].items():
        for key, value in service.items():
            assert isinstance(value, KEYS[key]), (name, key)
        assert all(
            isinstance(item, str) for key in ("command", "ports") for item in service.get(key, ())
        )
        assert all(isinstance(value, str) for value in service.get("environment", {}).values())


def test_each_service_starts_alone(services):
    assert {name: service["profiles"] for name, service in services.items()} == {
        "jobs": ["glue"],
        "tests": ["tests"],
        "s3": ["s3"],
        "trino": ["trino"],
    }


def test_ports_are_open_to_this_computer_only(services):
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_is_mounted_is_there(services):
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source == "./build" or (ROOT / source).exists(), source


def test_images_are_the_versions_that_are_tested(services):
    runtime = (ROOT / "requirements/python-3.11.txt").read_text()
    assert services["jobs"]["image"] == services["tests"]["image"]
    glue = re.fullmatch(r".*:\$\{GLUE_IMAGE_TAG:-(.*)\}", services["jobs"]["image"])[1]
    assert f"AWSGlueDataplanePython=={glue} " in runtime
    assert services["trino"]["image"] == f"trinodb/trino:{local_trino.script().VERSION}"


def test_trinos_catalog_is_that_of_the_tests(tmp_path):
    local_trino.script()._configure(tmp_path / "trino", 8080)
    written = properties(tmp_path / "trino" / "etc" / "catalog" / "hive.properties")
    mounted = properties(ROOT / "deploy/docker/trino/hive.properties")
    assert written.pop("local.location") == str(tmp_path)
    assert mounted.pop("local.location") == "/lakes"
    assert mounted == written


def properties(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


@pytest.mark.slow
def test_the_jobs_command_runs_without_docker(services, tmp_path):
    [command] = services["jobs"]["command"]
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PYTHON": sys.executable,
        "SUBMIT": str(programs / "spark-submit"),
        "PYSPARK_PYTHON": sys.executable,
        "JAVA_HOME": str(java_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "OUT": str(tmp_path),
        "JOB_NAME": "",  # Glue's jars are in its image only
    }
    done = subprocess.run(
        shlex.split(command), cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(tmp_path / "lake" / "focus.duckdb"), read_only=True) as connection:
        [(rows,)] = connection.execute("SELECT COUNT(*) FROM focus_unified").fetchall()
    assert rows > 0
