"""API Gateway's data plane, shared by every kind of API: find the API, match a route, build the event, integrate, map the answer.

Everything here is a pure function but for `integrate.py`. What an API's owner defines is written by the services
(`services/apigatewayv2`, REST APIs' own one day) as the records of `serving.py`; nothing here knows how it was defined.
"""
