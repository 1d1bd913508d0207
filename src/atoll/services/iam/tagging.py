"""Tags of roles, users and managed policies: what is a legal set, and how it is shown. The operations are in `tags.py`.

docs: IAM User Guide, "Tags for IAM resources": keys of roles and users differ by more than case; those of policies need not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from atoll.services.iam.errors import InvalidInputException, LimitExceededException

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import TagTypeDef

MOST = 50


def given(tags: Iterable[TagTypeDef], *, fold: bool) -> dict[str, str]:
    """The tags of a request. `fold`: keys that differ only by case are the same. Raises InvalidInputException."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for tag in tags:
        key = tag["Key"]
        if key.lower().startswith("aws:"):
            raise InvalidInputException(
                "One or more tags may not be modified. Tag keys that begin with aws: are reserved."
            )
        same = key.lower() if fold else key
        if same in seen:
            raise InvalidInputException("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        seen.add(same)
        found[key] = tag["Value"]
    return found


def merged(present: Mapping[str, str], new: Mapping[str, str], *, fold: bool) -> dict[str, str]:
    """`present` with `new` put over it. Raises LimitExceededException for more than 50."""
    replaced = {key.lower() for key in new} if fold else set(new)
    kept = {key: value for key, value in present.items() if (key.lower() if fold else key) not in replaced}
    if len(kept) + len(new) > MOST:
        raise LimitExceededException("The number of tags has reached the maximum limit.")
    return kept | dict(new)


def without(present: Mapping[str, str], keys: Sequence[str], *, fold: bool) -> dict[str, str]:
    """`present` without `keys`; those that are not there do not matter."""
    gone = {key.lower() for key in keys} if fold else set(keys)
    return {key: value for key, value in present.items() if (key.lower() if fold else key) not in gone}


def shown(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """As IAM lists tags: by key."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
