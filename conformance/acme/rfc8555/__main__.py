"""The command ``python -m conformance.acme.rfc8555``."""

import sys

from conformance.acme.probe.command import main
from conformance.acme.rfc8555 import CLAUSES, TITLE

if __name__ == "__main__":
    sys.exit(main(TITLE, CLAUSES))
