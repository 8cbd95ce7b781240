"""pebble-compose.yml, as far as it can be checked without Docker."""

import json
import subprocess

from tests.running_gateway import ROOT


def test_the_compose_file_is_well_formed() -> None:
    """A laboratory that starts Pebble and the gateway beside each other would not come up."""
    checked = subprocess.run(
        ["docker-compose", "-f", "pebble-compose.yml", "config", "--services"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert checked.returncode == 0, checked.stderr
    assert set(checked.stdout.split()) == {"challtestsrv", "pebble", "trivium"}


def test_the_image_is_made_of_what_is_there() -> None:
    """The image of the gateway could not be built, for it copies what was moved."""
    dockerfile = (ROOT / "pebble-compose.Dockerfile").read_text()
    copied = [word for line in dockerfile.splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert {"pyproject.toml", "uv.lock", "gateway", "ca_core", "store"} <= set(copied)
    assert [path for path in copied if not (ROOT / path).exists()] == []
    command = json.loads(dockerfile.partition("\nCMD ")[2].replace("\\\n", ""))
    assert command[:2] == ["sh", "-euc"]
    assert subprocess.run([*command[:1], "-n", "-c", command[2]], check=False, timeout=20).returncode == 0
