"""What hangs on a function, or on a version or alias of it, and goes with it: policies, URLs, and what is configured for invocations."""

from __future__ import annotations

from atoll.kernel.keys import under
from atoll.kernel.store.api import Transaction
from atoll.services.lambda_.invocation import event_invoke_config, events
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.store import key, policy_key, provisioned_prefix
from atoll.services.lambda_.urls import store as urls


def forget_qualifier(tx: Transaction, place: Target) -> None:
    """A version or alias goes. Event source mappings stay, as on AWS."""
    tx.delete(policy_key(place))
    tx.delete((*provisioned_prefix(place), place.qualifier))
    urls.delete(tx, place)
    event_invoke_config.forget_config(tx, place)


def forget_function(tx: Transaction, place: Target) -> None:
    """The function goes, with every version and alias."""
    for prefix in (key(place, "policy", place.name), key(place, "alias", place.name), provisioned_prefix(place)):
        tx.clear_range(under(prefix))
    urls.delete_all(tx, place)
    events.forget(tx, place)
