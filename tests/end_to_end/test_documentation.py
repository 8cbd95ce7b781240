"""What README.md tells its readers to type works, in the order in which it stands there."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from tests.end_to_end.documented_commands import commands_of, run_commands
from tests.running_gateway import BIN, ROOT

EXEMPT = {"make test": "it runs this test"}
SECONDS = 240

SAMPLE = """
Text with `$ inline` code.

```console
$ export NAME=world
$ echo hello \\
    "$NAME"
hello world
$ sleep 60 &
```

```python
import os

print(os.environ["NAME"])
```

```json
$ not a command
```
"""
PROGRAM = """python - <<'END OF PROGRAM'
import os

print(os.environ["NAME"])
END OF PROGRAM"""


def test_only_what_stands_after_a_prompt_is_a_command() -> None:
    """A command that is overlooked, or text that is run, would make the next test worthless."""
    assert commands_of(SAMPLE) == ["export NAME=world", 'echo hello \\\n    "$NAME"', "sleep 60 &", PROGRAM]
    for unseen in ("```sh\nmake demo\n```\n", "```console\nmake demo\n```\n"):
        with pytest.raises(ValueError, match="console block"):
            commands_of(unseen)


def test_commands_share_a_shell_and_leave_nothing_running(tmp_path: Path) -> None:
    """What one command exports the next one sees, and no server outlives the document."""
    commands = [f'export PATH="{BIN}:$PATH"', *commands_of(SAMPLE)]
    _, *ran = run_commands(commands, directory=tmp_path, home=tmp_path, seconds=20)
    assert [one.output for one in ran] == ["", "hello world\n", "", "world\n"]
    with pytest.raises(AssertionError, match="first line"):
        run_commands(["echo first line", "false", "echo last"], directory=tmp_path, home=tmp_path, seconds=20)


def test_the_readme_does_what_it_says(tmp_path: Path) -> None:
    """A stranger who types what README.md shows has a CA, a certificate over each road and a healthy gateway."""
    commands = commands_of((ROOT / "README.md").read_text())
    assert EXEMPT.keys() <= set(commands)
    # Dependencies come from the network, which the shell may not have; `make test` has made them before.
    subprocess.run(["make", "setup", ".venv/.synced-demo"], cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    runnable = [command for command in commands if command not in EXEMPT]
    printed = {
        ran.command: ran.output for ran in run_commands(runnable, directory=ROOT, home=tmp_path, seconds=SECONDS)
    }

    demo = printed["make demo KEEP=0"]
    for shown in ("cert.pem: good", "ISSUED", "ISSUE_ISSUE_CERTIFICATE_JOB", "ISSUE_DOMAIN_OWNER_CHECK_VALIDATION_JOB"):
        assert shown in demo
    assert "✗" not in demo

    orders = printed['trivium order list --dir "$CA"']
    assert [line.split()[1] for line in orders.splitlines() if "www.example.test" in line] == ["ISSUED"]
    assert (tmp_path / "certbot" / "live" / "www.example.test" / "fullchain.pem").exists()
    for name, file in (("www.shop.test", "shop.pem"), ("api.shop.test", "api.pem")):
        leaf, issuer, *_ = x509.load_pem_x509_certificates((tmp_path / file).read_bytes())
        leaf.verify_directly_issued_by(issuer)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == [name]
