"""PartiQL: ExecuteStatement, BatchExecuteStatement and ExecuteTransaction.

A statement goes from text to a cached tree (`lexer`, `parser`; its nodes: `tree`), gets its parameters' values and becomes what the
other operations are made of: conditions (`where`), ranges to read (`plan`, `select`), writes of one item (`writes`). The three
operations (`execute_statement`, `batch`, `transaction`) run those. Docs: Developer Guide, "PartiQL - a SQL-compatible query language for
Amazon DynamoDB"; the grammar and its errors are those of PartiQL's reference parser, which AWS runs.
"""
