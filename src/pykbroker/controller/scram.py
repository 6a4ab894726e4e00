"""SCRAM users: AlterUserScramCredentials (API key 51) and DescribeUserScramCredentials (50); KIP-554.

Lives here: which credentials are acceptable, and what of a password is kept (RFC 5802: enough to check it, not to
know it).
Invariant: a user is altered at most once in a request; users fail alone.
Never: logs or answers anything of a credential but its mechanism and iterations.

Kafka: ``ScramControlManager``, ``ScramImage.describe``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter

from pykbroker.controller.decision import Decision, check_size
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import MetadataImage
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.scram import (
    AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse,
    AlterUserScramCredentialsResult,
    CredentialInfo,
    DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse,
    DescribeUserScramCredentialsResult,
    ScramCredentialUpsertion,
)
from pykbroker.wire.messages.stored_metadata_security import (
    RemoveUserScramCredentialRecord,
    UserScramCredentialRecord,
)

MECHANISMS = {1: "sha256", 2: "sha512"}  # ScramMechanism
MIN_ITERATIONS = 4_096
MAX_ITERATIONS = 16_384


def alter_user_scram_credentials(
    image: MetadataImage, request: AlterUserScramCredentialsRequest, settings: Settings
) -> Decision[AlterUserScramCredentialsResponse]:
    """Set and delete credentials, user by user; the first error of a user is the one told."""
    changes: dict[str, list[StoredMessage | KafkaError]] = {}
    for deletion in request.deletions:
        change = changes.setdefault(deletion.name, [])
        change.append(_deletion(image, deletion.name, deletion.mechanism))
    for upsertion in request.upsertions:
        changes.setdefault(upsertion.name, []).append(_upsertion(upsertion))
    records: list[StoredMessage] = []
    results = []
    for user, change in changes.items():
        outcome = next((each for each in change if isinstance(each, KafkaError)), change[0])
        if len(change) > 1 and not isinstance(outcome, KafkaError):
            outcome = KafkaError(ErrorCode.DUPLICATE_RESOURCE, "a user may be altered only once in a request")
        if isinstance(outcome, KafkaError):
            results.append(
                AlterUserScramCredentialsResult(user=user, error_code=outcome.code, error_message=outcome.message)
            )
        else:
            records.append(outcome)
            results.append(AlterUserScramCredentialsResult(user=user, error_code=ErrorCode.NONE))
    check_size(records)
    return Decision(records, AlterUserScramCredentialsResponse(results=results))


def _deletion(image: MetadataImage, user: str, mechanism: int) -> StoredMessage | KafkaError:
    complaint = _name_complaint(user, mechanism)
    if complaint is not None:
        return complaint
    if (mechanism, user) not in image.scram:
        return KafkaError(ErrorCode.RESOURCE_NOT_FOUND, "the user has no credential of this mechanism")
    return RemoveUserScramCredentialRecord(name=user, mechanism=mechanism)


def _upsertion(wanted: ScramCredentialUpsertion) -> StoredMessage | KafkaError:
    complaint = _name_complaint(wanted.name, wanted.mechanism)
    if complaint is not None:
        return complaint
    if not MIN_ITERATIONS <= wanted.iterations <= MAX_ITERATIONS:
        return KafkaError(
            ErrorCode.UNACCEPTABLE_CREDENTIAL,
            f"a credential needs {MIN_ITERATIONS} to {MAX_ITERATIONS} iterations, not {wanted.iterations}",
        )
    algorithm = MECHANISMS[wanted.mechanism]
    client_key = hmac.digest(wanted.salted_password, b"Client Key", algorithm)
    return UserScramCredentialRecord(
        name=wanted.name,
        mechanism=wanted.mechanism,
        salt=wanted.salt,
        stored_key=hashlib.new(algorithm, client_key).digest(),
        server_key=hmac.digest(wanted.salted_password, b"Server Key", algorithm),
        iterations=wanted.iterations,
    )


def _name_complaint(user: str, mechanism: int) -> KafkaError | None:
    if not user:
        return KafkaError(ErrorCode.UNACCEPTABLE_CREDENTIAL, "a user has a name")
    if mechanism not in MECHANISMS:
        return KafkaError(ErrorCode.UNSUPPORTED_SASL_MECHANISM, f"there is no SCRAM mechanism {mechanism}")
    return None


def describe_user_scram_credentials(
    image: MetadataImage, request: DescribeUserScramCredentialsRequest
) -> DescribeUserScramCredentialsResponse:
    """Mechanisms and iterations of the users named; of all users when the list is null or empty."""
    infos: dict[str, list[CredentialInfo]] = {}
    for (mechanism, user), credential in sorted(image.scram.items()):
        info = CredentialInfo(mechanism=mechanism, iterations=credential.iterations)
        infos.setdefault(user, []).append(info)
    times_named = Counter(user.name for user in request.users or ())
    results = []
    for user in times_named or infos:
        code, message = ErrorCode.NONE, None
        if times_named[user] > 1:
            code, message = ErrorCode.DUPLICATE_RESOURCE, "a user may be named only once in a request"
        elif user not in infos:
            code, message = ErrorCode.RESOURCE_NOT_FOUND, f"the user {user!r} has no credentials"
        results.append(
            DescribeUserScramCredentialsResult(
                user=user,
                error_code=code,
                error_message=message,
                credential_infos=() if code else infos[user],
            )
        )
    return DescribeUserScramCredentialsResponse(error_code=ErrorCode.NONE, results=results)
