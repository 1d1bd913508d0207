"""PartiQL: ExecuteStatement, BatchExecuteStatement and ExecuteTransaction.

A statement goes from text to a cached tree (`lexer`, `reader`, `expressions`, `parser`; its nodes: `tree`), gets its parameters' values
(`binding`, `values`) and becomes what the other operations are made of: conditions (`where`), ranges to read (`plan`, `select`,
`single_reads`), writes of one item (`writes`). Each of the three operations has a file that runs those; `permissions` says who may.

Docs: Developer Guide, "PartiQL - a SQL-compatible query language for Amazon DynamoDB"; the grammar and its errors are those of PartiQL's
reference parser, which AWS runs.
"""
