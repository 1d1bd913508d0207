"""Signing in: flows, challenges, second factors, lock-out."""
