"""Loaded by schemathesis: it changes no Client, user, role or key but those that were made for it."""

import json
import os
from typing import Any

import schemathesis

SPARED = "REST_CONFORMANCE_SPARED"
"""The environment variable that says as a JSON object what is taken in the place of what."""


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Let a request that may change something name what may be changed."""
    spared = json.loads(os.environ[SPARED])
    if case.method != "GET":
        for name, value in (case.path_parameters or {}).items():
            if isinstance(value, str) and value in spared:
                case.path_parameters[name] = spared[value]
