"""Tokens: their keys, how they are made, read, renewed and revoked."""
