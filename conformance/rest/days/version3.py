"""A day's work of an administrator with version 3, resource by resource.

    python -m conformance.rest.days.version3 ARGUMENTS

The package ``ra_api`` is the generated client; :mod:`conformance.rest.days.steps` has the arguments.
"""

import ra_api
from ra_api.models import Credentials

from conformance.rest.days import access, ordering, parties
from conformance.rest.days.steps import Desk, operation, refused, require


def sign_in(desk: Desk) -> None:
    """Get a token; a wrong key gets none."""
    api = ra_api.APIKeysApi(desk.api)
    with operation("issue_token"):
        wrong = Credentials(user=desk.user, secret="0" * 64)
        require(refused(401, lambda: api.issue_token(wrong)).type == "urn:trivium:error:unauthenticated", "it says why")
        desk.configuration.access_token = api.issue_token(Credentials(user=desk.user, secret=desk.key)).token


def main() -> None:
    """Do the day's work; what failed is said, and what does not need it is done all the same."""
    desk = Desk()
    sign_in(desk)
    for resources in (access, ordering, parties):
        try:
            resources.work(desk)
        except Exception as error:  # noqa: BLE001 - what the others need is still there
            print(f"The rest of {resources.__name__} was not done: {error}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
