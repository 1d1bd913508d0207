"""Expressions: condition and projection expressions, from text to a cached tree (`parser`), to one bound to a request's names and
values (`bindings`), to an answer for an item (`condition`, `projection`). All pure.

Docs: Developer Guide, "Using expressions in DynamoDB".
"""
