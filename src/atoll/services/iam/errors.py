"""IAM's own errors. docs: IAM API reference, "Errors" of each action."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError


class DeleteConflictException(ServiceError):
    """Something still hangs on what is to be deleted."""

    code = "DeleteConflict"
    status = 409


class EntityAlreadyExistsException(ServiceError):
    """The name is taken. Names differ only by more than case."""

    code = "EntityAlreadyExists"
    status = 409


class InvalidAuthenticationCodeException(ServiceError):
    """The codes are not the MFA device's, or not of now."""

    code = "InvalidAuthenticationCode"
    status = 403


class InvalidInputException(ServiceError):
    """A value that cannot be right."""

    code = "InvalidInput"


class LimitExceededException(ServiceError):
    """A quota of IAM."""

    code = "LimitExceeded"
    status = 409


class MalformedPolicyDocumentException(ServiceError):
    """The policy document is not one."""

    code = "MalformedPolicyDocument"


class NoSuchEntityException(ServiceError):
    """There is no such role, user, policy, version or key."""

    code = "NoSuchEntity"
    status = 404


class InvalidUserTypeException(ServiceError):
    """What only users may do, asked for by another."""

    code = "InvalidUserType"


class PasswordPolicyViolationException(ServiceError):
    """The password is not what the account's password policy wants."""

    code = "PasswordPolicyViolation"


class CredentialReportNotPresentException(ServiceError):
    """No credential report was made."""

    code = "ReportNotPresent"
    status = 410


class CredentialReportExpiredException(ServiceError):
    """The credential report is too old."""

    code = "ReportExpired"
    status = 410


class UnmodifiableEntityException(ServiceError):
    """A role that only AWS may change."""

    code = "UnmodifiableEntity"


class MalformedCertificateException(ServiceError):
    """The certificate, or its private key, cannot be read."""

    code = "MalformedCertificate"


class KeyPairMismatchException(ServiceError):
    """The private key is another certificate's."""

    code = "KeyPairMismatch"


class DuplicateCertificateException(ServiceError):
    """The user has this signing certificate."""

    code = "DuplicateCertificate"
    status = 409


class InvalidPublicKeyException(ServiceError):
    """No public key, or none that AWS takes."""

    code = "InvalidPublicKey"


class DuplicateSSHPublicKeyException(ServiceError):
    """The user has this key."""

    code = "DuplicateSSHPublicKey"
