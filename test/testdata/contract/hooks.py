"""Hooks of schemathesis: requests that end a session get one of their own."""

import itertools
import os
import json
import urllib.request

import schemathesis

ENDS_ITS_SESSION = {"endSessions", "endSession", "closeOwnAccount", "updateOwnAccount"}
numbers = itertools.count()


def new_token() -> str:
    body = {"handle": f"c{os.getpid() % 100000}_{next(numbers)}", "password": "correct horse battery"}
    request = urllib.request.Request(
        os.environ["API_URL"] + "/v1/accounts",
        data=json.dumps(body).encode(),
        # An operator's program is not limited in how many accounts it makes.
        headers={"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["SERVICE_TOKEN"]},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["token"]


@schemathesis.hook
def before_call(context, case, kwargs):
    definition = case.operation.definition.raw
    headers = case.headers or {}
    authorization = headers.get("Authorization")
    if definition.get("operationId") in ENDS_ITS_SESSION and authorization == "Bearer " + os.environ["PLAYER_TOKEN"]:
        headers["Authorization"] = "Bearer " + new_token()
