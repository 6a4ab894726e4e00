"""SCRAM users, as Apache Kafka 4.3.1 answers."""

import base64

import pytest
from metadata.sample_records import cluster

from controller.simple_settings import after, settings
from pykbroker.controller.scram import alter_user_scram_credentials, describe_user_scram_credentials
from pykbroker.errors import ErrorCode
from pykbroker.metadata.image import ScramCredential
from pykbroker.wire.messages import scram as wire

SHA_256, SHA_512 = 1, 2


def alter(upserts=(), deletions=(), image=None):
    request = wire.AlterUserScramCredentialsRequest(
        deletions=[wire.ScramCredentialDeletion(name=name, mechanism=mechanism) for name, mechanism in deletions],
        upsertions=[
            wire.ScramCredentialUpsertion(
                name=name, mechanism=mechanism, iterations=iterations, salt=b"s" * 8, salted_password=b"p" * 32
            )
            for name, mechanism, iterations in upserts
        ],
    )
    return alter_user_scram_credentials(image or two_users(), request, settings())


def two_users():
    image = cluster()
    credential = ScramCredential(b"", b"", b"", 4096)
    return image._replace(scram={(SHA_256, "u1"): credential, (SHA_512, "u2"): credential._replace(iterations=8192)})


def codes(decision):
    return {result.user: ErrorCode(result.error_code).name for result in decision.response.results}


def test_what_is_kept_of_a_password():
    """The very keys that 4.3.1 wrote to its log for this salted password."""
    image = after(cluster(), alter([("u", SHA_256, 4096)]))

    assert image.scram[SHA_256, "u"] == ScramCredential(
        b"s" * 8,
        base64.b64decode("5fFUxV0AD26xWkoJJg7bXVrfsC18oO/9teoJx9PJtT0="),
        base64.b64decode("HEtYAvOwTubW02jJL+5MEEljbbOmsXhQuGr9eFqJSO0="),
        4096,
    )


def test_the_longer_mechanism():
    """SCRAM-SHA-512 as 4.3.1 wrote it."""
    (record,) = alter([("u", SHA_512, 8192)]).records

    assert base64.b64encode(record.stored_key).startswith(b"LwGcn9DgzRyFULAmLYiaeKq+x6YzFUaQVx2Vghxm5uUk")
    assert base64.b64encode(record.server_key).startswith(b"+kABofOJHIG7+hAQMFEjinjFMxtOZXCnsc4oSrraN415")


@pytest.mark.parametrize(
    ("upserts", "deletions", "expected"),
    [
        ([("u1", 1, 4095)], [], {"u1": "UNACCEPTABLE_CREDENTIAL"}),
        ([("u1", 1, 16385)], [], {"u1": "UNACCEPTABLE_CREDENTIAL"}),
        ([("u1", 1, 16384)], [], {"u1": "NONE"}),
        ([("u1", 0, 4096)], [], {"u1": "UNSUPPORTED_SASL_MECHANISM"}),
        ([("u1", 3, 4096)], [], {"u1": "UNSUPPORTED_SASL_MECHANISM"}),
        ([("", 1, 4096)], [], {"": "UNACCEPTABLE_CREDENTIAL"}),
        ([], [("", 1)], {"": "UNACCEPTABLE_CREDENTIAL"}),
        ([], [("u9", 0)], {"u9": "UNSUPPORTED_SASL_MECHANISM"}),
        ([], [("u3", 1)], {"u3": "RESOURCE_NOT_FOUND"}),
        ([], [("u1", 2)], {"u1": "RESOURCE_NOT_FOUND"}),
        ([], [("u1", 1)], {"u1": "NONE"}),
        ([("u1", 1, 4096)], [("u1", 1)], {"u1": "DUPLICATE_RESOURCE"}),
        ([("u1", 2, 4096)], [("u1", 1)], {"u1": "DUPLICATE_RESOURCE"}),
        ([("u1", 1, 4096), ("u1", 1, 4096)], [], {"u1": "DUPLICATE_RESOURCE"}),
        ([("u1", 2, 4095), ("u1", 1, 4096)], [], {"u1": "UNACCEPTABLE_CREDENTIAL"}),
        ([("u1", 1, 4096), ("x", 0, 4096)], [("u2", 2)],
         {"u1": "NONE", "x": "UNSUPPORTED_SASL_MECHANISM", "u2": "NONE"}),
    ],
)  # fmt: skip
def test_altering(upserts, deletions, expected):
    """Each user once, each with its own answer."""
    decision = alter(upserts, deletions)

    assert codes(decision) == expected
    assert len(decision.records) == list(expected.values()).count("NONE")


def described(*users, everybody=False):
    named = None if everybody else [wire.UserName(name=name) for name in users]
    response = describe_user_scram_credentials(two_users(), wire.DescribeUserScramCredentialsRequest(users=named))
    return [
        (each.user, ErrorCode(each.error_code).name, [(c.mechanism, c.iterations) for c in each.credential_infos])
        for each in response.results
    ]


def test_describing():
    """Null and empty mean everybody; who is named twice or is not there gets an error of their own."""
    everybody = [("u1", "NONE", [(SHA_256, 4096)]), ("u2", "NONE", [(SHA_512, 8192)])]

    assert described(everybody=True) == described() == everybody
    assert described("u2") == everybody[1:]
    assert described("u1", "nope", "u1") == [("u1", "DUPLICATE_RESOURCE", []), ("nope", "RESOURCE_NOT_FOUND", [])]
