"""The Lambda runtime: execution environments, and the pool that keeps them warm.

What belongs here: processes, sandboxes, the Runtime API, and what a function sees of its surroundings. What does not: the
Lambda API, function records, permissions, and where logs go (`services/lambda_` and `services/logs`).
"""
