"""Errors of Cognito user pools: all are 400, as AWS sends them."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError


class AliasExistsException(ServiceError):
    """Another user has this e-mail address, phone number or preferred name as an alias."""


class CodeMismatchException(ServiceError):
    """The code is not the one that was sent."""


class CodeDeliveryFailureException(ServiceError):
    """The code could not be sent."""


class ExpiredCodeException(ServiceError):
    """The code was right once."""


class FeatureUnavailableInTierException(ServiceError):
    """The pool's plan does not include it."""


class ForbiddenException(ServiceError):
    """Not this way."""


class GroupExistsException(ServiceError):
    """The pool has a group of this name."""


class InternalErrorException(ServiceError):
    """AWS's, for what should not be."""

    status = 500


class InvalidLambdaResponseException(ServiceError):
    """A trigger returned what its event's response cannot be."""


class InvalidOAuthFlowException(ServiceError):
    """The client's settings for OAuth do not fit together."""


class InvalidParameterException(ServiceError):
    """A value that the shape allows and the service does not."""


class InvalidPasswordException(ServiceError):
    """The password is not as the pool's policy wants it."""


class InvalidSmsRoleAccessPolicyException(ServiceError):
    """The role for text messages may not publish."""


class InvalidSmsRoleTrustRelationshipException(ServiceError):
    """Cognito cannot assume the role for text messages."""


class LimitExceededException(ServiceError):
    """A quota, or too many attempts."""


class MFAMethodNotFoundException(ServiceError):
    """The user has no such second factor."""


class NotAuthorizedException(ServiceError):
    """Wrong password, secret, token or session; or the client may not."""


class PasswordHistoryPolicyViolationException(ServiceError):
    """The user had this password before."""


class PasswordResetRequiredException(ServiceError):
    """An administrator reset the password."""


class RefreshTokenReuseException(ServiceError):
    """A refresh token was used again that had been rotated."""


class ResourceNotFoundException(ServiceError):
    """No such pool, client, group, domain or resource server."""


class ScopeDoesNotExistException(ServiceError):
    """No resource server of the pool has this scope."""


class SoftwareTokenMFANotFoundException(ServiceError):
    """The pool has no TOTP, or the user has not registered one."""


class EnableSoftwareTokenMFAException(ServiceError):
    """The code of the authenticator is wrong."""


class TooManyRequestsException(ServiceError):
    """Too many at once."""


class UnauthorizedException(ServiceError):
    """Not allowed."""


class UnexpectedLambdaException(ServiceError):
    """A trigger could not be called."""


class UnsupportedOperationException(ServiceError):
    """Not for this pool."""


class UnsupportedTokenTypeException(ServiceError):
    """Only refresh tokens can be revoked."""


class UnsupportedUserStateException(ServiceError):
    """Not in the state that the user is in."""


class UserLambdaValidationException(ServiceError):
    """A trigger failed, and says why."""


class UserNotConfirmedException(ServiceError):
    """The user has not confirmed the sign-up."""


class UserNotFoundException(ServiceError):
    """No such user, where the client may know it."""


class UserPoolTaggingException(ServiceError):
    """The tags cannot be set."""


class UsernameExistsException(ServiceError):
    """The name is taken."""
