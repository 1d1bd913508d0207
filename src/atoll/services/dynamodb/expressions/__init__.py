"""Expressions: conditions, projections and updates, from text to a cached tree (`parser`, `update_parser`), to one bound to a request's
names and values (`bindings`), to an answer for an item (`condition`, `projection`, `update`). What came before expressions becomes the
same trees (`legacy`). All pure.

Docs: Developer Guide, "Using expressions in DynamoDB".
"""
