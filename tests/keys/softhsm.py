"""SoftHSM 2, the token the tests use."""

import os
import subprocess
from pathlib import Path

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "pin-7361-secret"


class SoftHsm:
    """A SoftHSM 2 installation of its own in one directory, as real as a token gets without hardware."""

    def __init__(self, directory: Path) -> None:
        self.tokens = directory / "tokens"
        self.configuration = directory / "softhsm2.conf"
        self.tokens.mkdir(parents=True)
        self.configuration.write_text(
            f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )

    def make_token(self, label: str) -> None:
        """Initialise a token with the PIN of the tests."""
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "so-" + PIN],
            env={**os.environ, "SOFTHSM2_CONF": str(self.configuration)},
            check=True,
            capture_output=True,
            timeout=30,
        )

    def unplug(self) -> None:
        """Take all tokens away."""
        self.tokens.rename(self.tokens.with_name("unplugged"))
        self.tokens.mkdir()

    def plug_in(self) -> None:
        """Bring the tokens back."""
        self.tokens.rmdir()
        self.tokens.with_name("unplugged").rename(self.tokens)
