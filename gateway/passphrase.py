"""The root's passphrase: from the environment, or asked for where there is a terminal, and never on a command line."""

import getpass
import sys
from collections.abc import Mapping

from ca_core.keys.passphrase import MIN_PASSPHRASE
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.installation import ROOT_PASSPHRASE_VARIABLE


def root_passphrase(environment: Mapping[str, str], *, confirm: bool) -> str | None:
    """Return the passphrase, or None when there is neither a variable nor a terminal, or nothing was entered.

    ``confirm`` asks twice, for a new one. Raises MALFORMED when it is too short or the two differ.
    """
    given = environment.get(ROOT_PASSPHRASE_VARIABLE)
    if given is None and not sys.stdin.isatty():
        return None
    if given is None:
        hint = " (empty: one is made and shown)" if confirm else ""
        given = getpass.getpass(f"Passphrase of the root's key{hint}: ")
        if given == "":
            return None
        if confirm and getpass.getpass("The same again: ") != given:
            raise TriviumError(ErrorKind.MALFORMED, "The two passphrases differ; nothing was made.")
    if len(given) < MIN_PASSPHRASE:
        raise TriviumError(
            ErrorKind.MALFORMED, f"The root's passphrase must have at least {MIN_PASSPHRASE} characters."
        )
    return given
