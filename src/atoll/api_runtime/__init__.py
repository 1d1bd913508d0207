"""API Gateway's data plane: everything that answers the users of APIs, of all three kinds, and nothing that defines APIs.

`plane.py` is the way in; beside it lies what all kinds share (one `visit.py` per request, `match.py`, `throttle.py`, …). `http_api/`,
`rest_api/` and `websocket_api/` each answer one kind, in three steps that they share or have their own of: `authorize/` who calls,
`integrate/` what stands behind a route, `templates/` what mapping templates make of it.

What an API's owner defines is written by `services/apigateway` and `services/apigatewayv2` as the records of `serving.py`,
`rest_api/records.py`, `domains.py` and `usage_plans.py`; nothing here knows how it was defined. Modules that only decide say "Pure."; those
with I/O are few: the servers, `authorize/`, `integrate/`, `usage_plans.py` and `access_log.py`.
"""
