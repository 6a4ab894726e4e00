"""Client quotas: set, described with every kind of filter, removed, refused."""

from typing import Any

from differential.stage import Stage, scene

EXACT, DEFAULT, ANY = 0, 1, 2


@scene
def client_quotas(stage: Stage) -> None:
    """Users, client ids, ips, defaults; unknown keys and kinds."""

    def alter(entity: dict[str, str | None], *ops: tuple[str, float | None], validate: bool = False) -> None:
        entry = {"Entity": [{"EntityType": kind, "EntityName": name} for kind, name in entity.items()],
                 "Ops": [{"Key": key, "Value": value or 0.0, "Remove": value is None} for key, value in ops]}
        stage.both("AlterClientQuotas", {"Entries": [entry], "ValidateOnly": validate}, note=f"{entity} {ops} {validate}")

    def describe(*parts: tuple[str, int, str | None], strict: bool = False) -> None:
        components = [{"EntityType": kind, "MatchType": match, "Match": name} for kind, match, name in parts]
        answer: dict[str, Any] = stage.connection.call("DescribeClientQuotas", 1, {"Components": components, "Strict": strict})
        for entry in answer["Entries"] or ():
            entry["Entity"].sort(key=lambda part: part["EntityType"])
            entry["Values"].sort(key=lambda value: value["Key"])
        if answer["Entries"]:
            answer["Entries"].sort(key=str)
        stage.keep(f"DescribeClientQuotas {parts} strict {strict}", answer)

    alter({"user": "a"}, ("producer_byte_rate", 1000.0))
    alter({"user": "a", "client-id": "c"}, ("consumer_byte_rate", 2000.0), ("request_percentage", 50.0))
    alter({"user": None}, ("producer_byte_rate", 3000.0))
    alter({"client-id": None}, ("controller_mutation_rate", 5.5))
    alter({"ip": "127.0.0.9"}, ("connection_creation_rate", 10.0))
    alter({"user": "a"}, ("no_such_quota", 1.0))
    alter({"user": "a"}, ("producer_byte_rate", -1.0))
    alter({"user": "a"}, ("producer_byte_rate", 0.0), validate=True)
    alter({"user": "a"}, ("connection_creation_rate", 1.0))
    alter({"ip": "no ip"}, ("connection_creation_rate", 1.0))
    alter({"ip": "127.0.0.9", "user": "a"}, ("connection_creation_rate", 1.0))
    alter({"planet": "mars"}, ("producer_byte_rate", 1.0))
    alter({"user": ""}, ("producer_byte_rate", 1.0))
    alter({}, ("producer_byte_rate", 1.0))
    alter({"user": "b"}, ("producer_byte_rate", None))
    alter({"user": "a"})
    for strict in (False, True):
        describe(("user", EXACT, "a"), strict=strict)
        describe(("user", ANY, None), strict=strict)
        describe(("user", DEFAULT, None), strict=strict)
        describe(("client-id", ANY, None), strict=strict)
        describe(("user", EXACT, "a"), ("client-id", EXACT, "c"), strict=strict)
        describe(strict=strict)
    describe(("ip", EXACT, "127.0.0.9"))
    describe(("user", 7, None))
    describe(("planet", ANY, None))
    describe(("user", EXACT, "a"), ("user", EXACT, "b"))
    describe(("user", EXACT, None))
    describe(("user", ANY, None), ("ip", ANY, None))
    for entity, key in (({"user": "a"}, "producer_byte_rate"), ({"user": None}, "producer_byte_rate"),
                        ({"client-id": None}, "controller_mutation_rate"), ({"ip": "127.0.0.9"}, "connection_creation_rate")):
        alter(entity, (key, None))
    describe()
