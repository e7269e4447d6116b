"""Midtrans' own library for Python, as an oracle.

Reads {port, key, commands} as JSON from standard input and prints the list of
what came of the commands; they are those of tests/tools/midtrans/oracle.cjs.
"""

import json
import sys

from midtransclient import CoreApi, Snap
from midtransclient.error_midtrans import MidtransAPIError


def clients(port, key):
    made = [kind(is_production=False, server_key=key, client_key="none") for kind in (Snap, CoreApi)]
    for client in made:
        base = f"http://127.0.0.1:{port}"
        client.api_config.SNAP_SANDBOX_BASE_URL = f"{base}/snap/v1"
        client.api_config.CORE_SANDBOX_BASE_URL = base
    return made


def call(snap, core, command):
    what = command["do"]
    if what == "page":
        return snap.create_transaction(command["with"])
    if what == "notification":
        return core.transactions.notification(command["with"])
    if what == "refund":
        return core.transactions.refund(command["id"], command["with"])
    return getattr(core.transactions, what)(command["id"])


def run(snap, core, command):
    try:
        return {"done": call(snap, core, command)}
    except MidtransAPIError as error:
        body = error.api_response_dict or {}
        status = error.http_status_code
        if status < 400:
            status = body.get("status_code")
        return {"error": {"status": status, "body": body, "message": error.message}}


def main():
    given = json.load(sys.stdin)
    snap, core = clients(given["port"], given["key"])
    json.dump([run(snap, core, command) for command in given["commands"]], sys.stdout)


main()
