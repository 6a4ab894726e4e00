"""Transactions: begun, committed, aborted, fenced, described; and every error on the way."""

from typing import Any

from differential.batches import batch
from differential.scenes.fetch import fetch, wanted
from differential.stage import Stage, scene


def begin(stage: Stage, name: str, version: int | None = None, **more: Any) -> dict[str, Any]:
    stage.coordinator(name, 1)
    body = {"TransactionalId": name, "TransactionTimeoutMs": 60000, **more}
    return stage.until(lambda answer: answer["ErrorCode"] not in (14, 16, 51), "InitProducerId", body, version, note=name)


def add(stage: Stage, name: str, producer: dict[str, Any], topic: str, partition: int = 0, note: str = "", **more: Any) -> None:
    body = {"V3AndBelowTransactionalId": name, "V3AndBelowProducerId": producer["ProducerId"],
            "V3AndBelowProducerEpoch": producer["ProducerEpoch"], "V3AndBelowTopics": [{"Name": topic, "Partitions": [partition]}]}
    stage.ask("AddPartitionsToTxn", body | more, 3, note=note or f"{name} {topic}")


def end(stage: Stage, name: str, producer: dict[str, Any], committed: bool, version: int = 3, note: str = "") -> dict[str, Any]:
    body = {"TransactionalId": name, "ProducerId": producer["ProducerId"], "ProducerEpoch": producer["ProducerEpoch"],
            "Committed": committed}
    return stage.ask("EndTxn", body, version, note=note or f"{name} committed: {committed}")


def transacted(producer: dict[str, Any], sequence: int, *values: bytes) -> bytes:
    return batch(list(values), producer_id=producer["ProducerId"], producer_epoch=producer["ProducerEpoch"],
                 base_sequence=sequence, attributes=16)


@scene
def commit_and_abort(stage: Stage) -> None:
    """A committed and an aborted transaction as consumers see them; version 3 clients."""
    name = "tx-commit"
    stage.topic("transacted")
    mine = begin(stage, name, 4)
    add(stage, name, mine, "transacted")
    stage.produce("transacted", transacted(mine, 0, b"kept"), transactional_id=name)
    fetch(stage, wanted("transacted", 0), version=12, IsolationLevel=1, note="open, committed only")
    fetch(stage, wanted("transacted", 0), version=12, IsolationLevel=0, note="open, everything")
    stage.ask("DescribeTransactions", {"TransactionalIds": [name, "unknown-tx"]}, note="open")
    end(stage, name, mine, True)
    settled(stage, name)
    add(stage, name, mine, "transacted", note="the second")
    stage.produce("transacted", transacted(mine, 1, b"dropped"), transactional_id=name)
    end(stage, name, mine, False)
    settled(stage, name)
    fetch(stage, wanted("transacted", 0), version=12, IsolationLevel=1, note="committed only")
    fetch(stage, wanted("transacted", 0), version=12, IsolationLevel=0, note="everything")
    stage.ask("DescribeTransactions", {"TransactionalIds": [name]}, note="complete")
    stage.ask("DescribeProducers", {"Topics": [{"Name": "transacted", "PartitionIndexes": [0]}]})
    stage.ask("ListOffsets", {"ReplicaId": -1, "IsolationLevel": 1, "Topics": [
        {"Name": "transacted", "Partitions": [{"PartitionIndex": 0, "Timestamp": -1}]}]})


def settled(stage: Stage, name: str) -> None:
    """Waits until the markers of a transaction are written."""
    stage.until(lambda answer: answer["TransactionStates"][0]["TransactionState"].startswith("Complete"),
                "DescribeTransactions", {"TransactionalIds": [name]}, note=f"{name} settled")


@scene
def transaction_errors(stage: Stage) -> None:
    """Wrong ids, epochs, states, timeouts."""
    name = "tx-errors"
    stage.topic("transacted-wrongly")
    mine = begin(stage, name, 4)
    end(stage, name, mine, True, note="nothing to commit")
    end(stage, name, mine, False, note="nothing to abort")
    end(stage, "unknown-tx", mine, True, note="an unknown id")
    end(stage, name, mine | {"ProducerEpoch": 9}, True, note="an epoch too high")
    end(stage, name, mine | {"ProducerId": 987654}, True, note="another producer id")
    add(stage, "unknown-tx", mine, "transacted-wrongly", note="an unknown id")
    add(stage, name, mine, "unknown", note="an unknown topic")
    add(stage, name, mine, "transacted-wrongly", 9, note="an unknown partition")
    add(stage, name, mine | {"ProducerEpoch": 9}, "transacted-wrongly", note="an epoch too high")
    stage.produce("transacted-wrongly", transacted(mine, 0, b"x"), transactional_id=name, note="a partition not added")
    again = begin(stage, name, 4)
    add(stage, name, mine, "transacted-wrongly", note="fenced")
    end(stage, name, mine, True, note="fenced")
    add(stage, name, again, "transacted-wrongly")
    stage.produce("transacted-wrongly", transacted(mine, 0, b"x"), transactional_id=name, note="fenced")
    stage.produce("transacted-wrongly", transacted(again, 0, b"x"), transactional_id=name, note="by the newer")
    stage.ask("InitProducerId", {"TransactionalId": name, "TransactionTimeoutMs": 60000, "ProducerId": again["ProducerId"],
                                 "ProducerEpoch": again["ProducerEpoch"] + 5}, 4, note="an epoch that never was")
    for timeout in (0, -1, 900001):
        stage.ask("InitProducerId", {"TransactionalId": "tx-timeout", "TransactionTimeoutMs": timeout}, note=f"timeout {timeout}")
    end(stage, name, again, False)
    settled(stage, name)


@scene
def transactions_of_version_2(stage: Stage) -> None:
    """Transactions as newer clients have them (KIP-890): the epoch rises with every end, partitions add themselves."""
    name = "tx-two"
    stage.topic("transacted-two")
    stage.coordinator("group-of-tx-two")
    mine = begin(stage, name)
    stage.produce("transacted-two", transacted(mine, 0, b"a"), version=12, transactional_id=name)
    raised = end(stage, name, mine, True, 5)
    settled(stage, name)
    stage.produce("transacted-two", transacted(mine, 1, b"late"), version=12, transactional_id=name, note="with the old epoch")
    newer = {"ProducerId": raised["ProducerId"], "ProducerEpoch": raised["ProducerEpoch"]}
    stage.produce("transacted-two", transacted(newer, 0, b"b"), version=12, transactional_id=name, note="with the new epoch")
    body = {"TransactionalId": name, "GroupId": "group-of-tx-two", **newer, "Topics": [{"Name": "transacted-two", "Partitions": [
        {"PartitionIndex": 0, "CommittedOffset": 5, "CommittedMetadata": "in tx"}]}]}
    stage.ask("TxnOffsetCommit", body)
    stage.ask("OffsetFetch", {"RequireStable": True, "Groups": [{"GroupId": "group-of-tx-two", "Topics": [
        {"Name": "transacted-two", "PartitionIndexes": [0]}]}]}, 9, note="stable only")
    stage.ask("OffsetFetch", {"RequireStable": False, "Groups": [{"GroupId": "group-of-tx-two", "Topics": [
        {"Name": "transacted-two", "PartitionIndexes": [0]}]}]}, 9, note="as it is")
    end(stage, name, newer, False, 5)
    settled(stage, name)
    fetch(stage, wanted("transacted-two", 0), version=12, IsolationLevel=1, note="committed only")


@scene
def offsets_in_transactions(stage: Stage) -> None:
    """Offsets committed by a transaction, as older clients do it."""
    name, group = "tx-offsets", "group-of-tx-offsets"
    stage.topic("offset-by-tx")
    stage.coordinator(group)
    mine = begin(stage, name, 4)
    ids = {"TransactionalId": name, "ProducerId": mine["ProducerId"], "ProducerEpoch": mine["ProducerEpoch"], "GroupId": group}
    offset = [{"Name": "offset-by-tx", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 7, "CommittedMetadata": "m"}]}]
    stage.both("AddOffsetsToTxn", ids)
    stage.ask("AddOffsetsToTxn", ids | {"GroupId": ""}, note="no group id")
    stage.ask("AddOffsetsToTxn", ids | {"TransactionalId": "unknown-tx"}, note="an unknown id")
    stage.ask("TxnOffsetCommit", ids | {"Topics": offset}, 3)
    stage.ask("TxnOffsetCommit", ids | {"Topics": offset, "GenerationId": 5, "MemberId": "nobody"}, 3, note="as a member")
    stage.ask("TxnOffsetCommit", ids | {"Topics": offset, "ProducerEpoch": 50}, 3, note="an epoch too high")
    end(stage, name, mine, True)
    settled(stage, name)
    stage.until(lambda answer: answer["Groups"][0]["Topics"][0]["Partitions"][0]["CommittedOffset"] >= 0, "OffsetFetch",
                {"RequireStable": True, "Groups": [{"GroupId": group, "Topics": [
                    {"Name": "offset-by-tx", "PartitionIndexes": [0]}]}]}, 9)


@scene
def transactions_listed(stage: Stage) -> None:
    """Listing and describing transactions: filters, unknown states."""
    begin(stage, "tx-listed", 4)

    def listed(version: int = 2, **filters: Any) -> None:
        answer = stage.connection.call("ListTransactions", version, filters)
        answer["TransactionStates"] = [t for t in answer["TransactionStates"] if t["TransactionalId"] == "tx-listed"]
        stage.keep(f"ListTransactions v{version} {filters}", answer)

    for version in (0, 1, 2):
        listed(version)
    for states in (["Empty"], ["Ongoing"], ["Nonsense"], ["Empty", "Nonsense"]):
        listed(StateFilters=states)
    listed(ProducerIdFilters=[999999])
    listed(DurationFilter=10**9)
    listed(TransactionalIdPattern="tx-l.*")
    listed(TransactionalIdPattern="other.*")
    listed(TransactionalIdPattern="(")
    stage.ask("DescribeTransactions", {"TransactionalIds": [""]}, note="an empty id")
    stage.ask("DescribeTransactions", {"TransactionalIds": []}, note="none")


@scene
def markers_from_outside(stage: Stage) -> None:
    """WriteTxnMarkers, as an admin aborts a hanging transaction."""
    stage.topic("marked")
    marker = {"ProducerId": 5, "ProducerEpoch": 0, "TransactionResult": False, "CoordinatorEpoch": -1,
              "Topics": [{"Name": "marked", "PartitionIndexes": [0, 9]}, {"Name": "unknown", "PartitionIndexes": [0]}]}
    stage.both("WriteTxnMarkers", {"Markers": [marker]})
    stage.ask("WriteTxnMarkers", {"Markers": []}, note="none")


@scene
def ends_of_version_2(stage: Stage) -> None:
    """EndTxn v5: of nothing, twice, the wrong way round, by a producer that was fenced."""
    name = "tx-ends"
    stage.topic("ended-two")
    mine = begin(stage, name)
    end(stage, name, mine, True, 5, note="commit nothing")
    first = end(stage, name, mine, False, 5, note="abort nothing")
    settled(stage, name)
    end(stage, name, mine, False, 5, note="abort nothing, repeated")
    end(stage, name, mine, True, 5, note="commit what was aborted")
    second = end(stage, name, first, False, 5, note="abort nothing, in the new epoch")
    settled(stage, name)
    end(stage, name, first | {"ProducerEpoch": 9}, False, 5, note="an epoch too high")
    end(stage, name, mine, False, 5, note="an epoch too low")
    stage.produce("ended-two", transacted(second, 0, b"a"), version=12, transactional_id=name)
    third = end(stage, name, second, True, 5, note="commit")
    settled(stage, name)
    end(stage, name, second, True, 5, note="commit, repeated")
    end(stage, name, second, False, 5, note="abort what was committed")
    end(stage, name, third, True, 5, note="commit nothing, in the new epoch")
    stage.produce("ended-two", transacted(third, 3, b"b"), version=12, transactional_id=name, note="begins with sequence 3")
    stage.produce("ended-two", transacted(third, 0, b"b"), version=12, transactional_id=name)
    newer = begin(stage, name)
    stage.ask("DescribeTransactions", {"TransactionalIds": [name]}, note="fenced")
    end(stage, name, third, True, 5, note="by the fenced")
    end(stage, name, third, False, 5, note="by the fenced")
    stage.produce("ended-two", transacted(third, 1, b"c"), version=12, transactional_id=name, note="by the fenced")
    stage.produce("ended-two", transacted(newer, 0, b"d"), version=12, transactional_id=name, note="by the newer")
    end(stage, name, newer, True, 3, note="as an older client")
    settled(stage, name)
    end(stage, name, newer, True, 3, note="as an older client, repeated")
    end(stage, name, newer, False, 5, note="as a newer client again")
    settled(stage, name)
    stage.ask("DescribeTransactions", {"TransactionalIds": [name]}, note="at the end")
    fetch(stage, wanted("ended-two", 0), version=12, IsolationLevel=0, note="everything")


@scene
def transactions_verified(stage: Stage) -> None:
    """What brokers ask of a coordinator, and what a producer is told whose partition is not in the transaction."""
    name = "tx-verified"
    stage.topic("verified", 2)
    mine = begin(stage, name)

    def asked(producer: dict[str, Any], partitions: list[int], verify: bool, transaction: str = name, topic: str = "verified",
              note: str = "") -> None:
        for version in (4, 5):
            stage.ask("AddPartitionsToTxn", {"Transactions": [
                {"TransactionalId": transaction, "ProducerId": producer["ProducerId"], "VerifyOnly": verify,
                 "ProducerEpoch": producer["ProducerEpoch"], "Topics": [{"Name": topic, "Partitions": partitions}]}]}, version, note)

    asked(mine, [0], True, note="nothing in it yet")
    asked(mine, [0, 9], False, note="one does not exist")
    asked(mine, [0], False, note="added")
    asked(mine, [0, 1], True, note="one is in it")
    asked(mine | {"ProducerEpoch": 9}, [0], True, note="an epoch too high")
    asked(mine | {"ProducerId": 987654}, [0], True, note="another producer id")
    asked(mine, [0], True, "unknown-tx", note="an unknown id")
    asked(mine, [0], True, "", note="an empty id")
    for version in (9, 10, 11):
        stage.produce("verified", transacted(mine, 0, b"x"), partition=1, version=version, transactional_id=name,
                      note="a partition not added")
        stage.produce("verified", transacted(mine | {"ProducerEpoch": 9}, 0, b"x"), partition=1, version=version,
                      transactional_id=name, note="an epoch too high")
        stage.produce("verified", transacted(mine, 0, b"x"), partition=1, version=version, transactional_id="unknown-tx",
                      note="an unknown id")
    for version in (9, 12):
        stage.produce("verified", transacted(mine, 0, b"x"), version=version, note="no transactional id")
        stage.produce("verified", transacted(mine, 0, b"x"), partition=9, version=version, transactional_id=name,
                      note="an unknown partition")
        stage.produce("verified", batch([b"x"]), version=version, transactional_id=name, note="a batch of no transaction")
    stage.produce("verified", transacted(mine, 0, b"x"), version=12, transactional_id=name)
    stage.produce("verified", transacted(mine, 0, b"x"), version=12, transactional_id=name, note="repeated")
    stage.produce("verified", transacted(mine, 2, b"x"), version=12, transactional_id=name, note="a gap")
    stage.produce("verified", batch([b"x"], producer_id=mine["ProducerId"], producer_epoch=mine["ProducerEpoch"], base_sequence=1),
                  version=12, transactional_id=name, note="outside of the open transaction")
    stage.ask("DescribeProducers", {"Topics": [{"Name": "verified", "PartitionIndexes": [1, 9]}, {"Name": "unknown", "PartitionIndexes": [0]}]})
    end(stage, name, mine, True, 5)
    settled(stage, name)


@scene
def offsets_of_version_2(stage: Stage) -> None:
    """TxnOffsetCommit v5, and what older ones are told when the group has not joined the transaction."""
    name, group = "tx-offsets-two", "group-of-tx-offsets-two"
    stage.topic("offset-by-tx-two")
    stage.coordinator(group)
    mine = begin(stage, name)
    ids = {"TransactionalId": name, "ProducerId": mine["ProducerId"], "ProducerEpoch": mine["ProducerEpoch"], "GroupId": group}

    def offsets(topic: str = "offset-by-tx-two", partition: int = 0) -> dict[str, Any]:
        return {"Topics": [{"Name": topic, "Partitions": [{"PartitionIndex": partition, "CommittedOffset": 7, "CommittedMetadata": ""}]}]}

    for version in (3, 4):
        stage.ask("TxnOffsetCommit", ids | offsets(), version, note="the group is not in it")
    for version in (3, 5):
        stage.ask("TxnOffsetCommit", ids | offsets("unknown"), version, note="an unknown topic")
        stage.ask("TxnOffsetCommit", ids | offsets(partition=9), version, note="an unknown partition")
        stage.ask("TxnOffsetCommit", ids | offsets() | {"GroupId": ""}, version, note="no group id")
        stage.ask("TxnOffsetCommit", ids | offsets() | {"ProducerEpoch": 9}, version, note="an epoch too high")
        stage.ask("TxnOffsetCommit", ids | offsets() | {"ProducerId": 987654}, version, note="another producer id")
        stage.ask("TxnOffsetCommit", ids | offsets() | {"TransactionalId": "unknown-tx"}, version, note="an unknown id")
        stage.ask("TxnOffsetCommit", ids | offsets() | {"GenerationId": 3, "MemberId": "nobody"}, version, note="as a member")
    stage.ask("TxnOffsetCommit", ids | offsets(), 5)
    stage.ask("DescribeTransactions", {"TransactionalIds": [name]}, note="the state of it")
    end(stage, name, mine, True, 5)
    settled(stage, name)


@scene
def identities_kept(stage: Stage) -> None:
    """InitProducerId with the identity that the producer had (KIP-360)."""
    name = "tx-kept"
    mine = begin(stage, name, 4)

    def again(producer: dict[str, Any], note: str, version: int = 4) -> dict[str, Any]:
        body = {"TransactionalId": name, "TransactionTimeoutMs": 60000, "ProducerId": producer["ProducerId"],
                "ProducerEpoch": producer["ProducerEpoch"]}
        return stage.ask("InitProducerId", body, version, note=note)

    second = again(mine, "with its own")
    again(mine, "repeated")
    again(mine | {"ProducerEpoch": 7}, "an epoch too high")
    again(mine | {"ProducerId": 987654}, "another producer id")
    again(mine | {"ProducerEpoch": -1}, "without its epoch")
    again(mine | {"ProducerId": -1}, "without its id")
    again(second, "the next")
    again(mine, "the first, too late")
    again(mine, "the first, too late, v3", 3)
    begin(stage, name, 4)
    again(second, "after a newer instance")
    stage.ask("InitProducerId", {"TransactionalId": "", "TransactionTimeoutMs": 60000}, 4, note="an empty id")
    stage.ask("InitProducerId", {"TransactionalId": None, "TransactionTimeoutMs": 0, "ProducerId": 5, "ProducerEpoch": 3}, 4,
              note="without a transactional id")


@scene
def ends_not_answered(stage: Stage) -> None:
    """A producer that has not heard how its EndTxn ended starts over with the epoch it had."""
    name = "tx-unheard"
    stage.topic("unheard")
    mine = begin(stage, name)
    stage.produce("unheard", transacted(mine, 0, b"a"), version=12, transactional_id=name)
    end(stage, name, mine, True, 5)
    settled(stage, name)
    body = {"TransactionalId": name, "TransactionTimeoutMs": 60000}
    again = stage.ask("InitProducerId", body | {key: mine[key] for key in ("ProducerId", "ProducerEpoch")}, note="with the old epoch")
    stage.produce("unheard", transacted(again, 0, b"b"), version=12, transactional_id=name)
    stage.ask("InitProducerId", body | {key: again[key] for key in ("ProducerId", "ProducerEpoch")}, note="in the middle of one")
    settled(stage, name)
    stage.ask("InitProducerId", body | {key: again[key] for key in ("ProducerId", "ProducerEpoch")}, note="after it was aborted")
