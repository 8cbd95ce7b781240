"""certbot's manual hooks for dns-01 (``python dns_hook.py set|clear URL``): the loopback DNS takes the TXT record."""

import json
import os
import sys
import urllib.request

command, dns_url = sys.argv[1:]
host = f"_acme-challenge.{os.environ['CERTBOT_DOMAIN']}."
record = {"host": host, "value": os.environ["CERTBOT_VALIDATION"]} if command == "set" else {"host": host}
with urllib.request.urlopen(f"{dns_url}/{command}-txt", json.dumps(record).encode(), timeout=10):  # noqa: S310
    pass
