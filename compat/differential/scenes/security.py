"""What a broker without security says about it: SASL, ACLs, SCRAM, delegation tokens."""

from differential.stage import Stage, scene


@scene
def sasl(stage: Stage) -> None:
    """SASL on a listener that has none."""
    stage.both("SaslHandshake", {"Mechanism": "PLAIN"})
    stage.both("SaslAuthenticate", {"AuthBytes": b"\0user\0password"})


@scene
def acls(stage: Stage) -> None:
    """ACLs without an authorizer."""
    entry = {"ResourceType": 2, "ResourceName": "t", "ResourcePatternType": 3, "Principal": "User:a", "Host": "*",
             "Operation": 3, "PermissionType": 3}
    every = {"ResourceTypeFilter": 1, "ResourceNameFilter": None, "PatternTypeFilter": 1, "PrincipalFilter": None,
             "HostFilter": None, "Operation": 1, "PermissionType": 1}
    stage.both("DescribeAcls", every)
    stage.both("CreateAcls", {"Creations": [entry]})
    stage.both("DeleteAcls", {"Filters": [every, every]})
    stage.ask("CreateAcls", {"Creations": []}, note="none")
    stage.ask("DeleteAcls", {"Filters": []}, note="none")


@scene
def scram(stage: Stage) -> None:
    """SCRAM credentials: stored, described, deleted, refused."""
    salted = {"Name": "user", "Mechanism": 1, "Iterations": 8192, "Salt": b"salt", "SaltedPassword": b"x" * 32}
    for upserts in ([salted], [salted | {"Iterations": 1}], [salted | {"Iterations": 20000}], [salted | {"Mechanism": 9}],
                    [salted | {"Name": ""}], [salted, salted | {"Mechanism": 2}]):
        told = [(u["Name"], u["Mechanism"], u["Iterations"]) for u in upserts]
        stage.ask("AlterUserScramCredentials", {"Upsertions": upserts}, note=f"upserting {told}")
    stage.ask("DescribeUserScramCredentials", {"Users": [{"Name": "user"}, {"Name": "nobody"}]})
    stage.ask("DescribeUserScramCredentials", {"Users": [{"Name": "user"}, {"Name": "user"}]}, note="twice")
    stage.ask("DescribeUserScramCredentials", {"Users": None}, note="all")
    stage.ask("DescribeUserScramCredentials", {"Users": []}, note="an empty list")
    for deletions in ([{"Name": "user", "Mechanism": 1}], [{"Name": "user", "Mechanism": 1}], [{"Name": "nobody", "Mechanism": 1}],
                      [{"Name": "user", "Mechanism": 9}], [{"Name": "", "Mechanism": 1}], [{"Name": "user", "Mechanism": 2}]):
        stage.ask("AlterUserScramCredentials", {"Deletions": deletions}, note=f"deleting {deletions}")
    stage.ask("AlterUserScramCredentials", {"Deletions": [{"Name": "u", "Mechanism": 1}], "Upsertions": [salted | {"Name": "u"}]},
              note="both for the same user")
    stage.ask("AlterUserScramCredentials", {}, note="nothing")


@scene
def delegation_tokens(stage: Stage) -> None:
    """Delegation tokens without a secret, on a plaintext listener."""
    stage.both("CreateDelegationToken", {"Renewers": [], "MaxLifetimeMs": -1})
    stage.both("RenewDelegationToken", {"Hmac": b"x", "RenewPeriodMs": -1})
    stage.both("ExpireDelegationToken", {"Hmac": b"x", "ExpiryTimePeriodMs": -1})
    stage.both("DescribeDelegationToken", {"Owners": None})
