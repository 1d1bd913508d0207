"""Roles that only AWS may change: those that are linked to a service. What makes them is in `service_linked_roles.py`."""

from __future__ import annotations

from atoll.services.iam.errors import InvalidInputException, UnmodifiableEntityException
from atoll.services.iam.store import Entity

PATH = "/aws-service-role/"


def require_modifiable(entity: Entity) -> None:
    """Raises UnmodifiableEntityException for a role that is linked to a service; tags and descriptions it may have all the same."""
    if entity.path.startswith(PATH):
        raise UnmodifiableEntityException(
            f"Cannot perform the operation on the protected role '{entity.name}' - this role is only modifiable by AWS"
        )


def require_free(path: str) -> None:
    """Raises InvalidInputException where a role's path is that of those linked to services."""
    if path.startswith(PATH):
        raise InvalidInputException(f"Roles under {PATH} are made by CreateServiceLinkedRole.")
