"""PartitionChange: from what is wanted of a partition to the one PartitionChangeRecord that says it, or none.

Lives here: the rules every change of a partition obeys: who may lead, when a reassignment is complete, which replicas
are eligible leaders (KIP-966), when the leader epoch must grow. Elections, reassignments, fencing and ISR changes all
go through here, so none of them can forget a rule.
Invariant: a record is made only if something changes; a new leader is in the ISR, unless an unclean election was
allowed.
Never: looks at anything but the partition, its brokers' liveness and the settings it was given.

Kafka: ``PartitionChangeBuilder``, ``PartitionReassignmentReplicas``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from enum import Enum

from pykbroker.metadata.features import DIRECTORIES_SINCE
from pykbroker.metadata.image import DIRECTORY_UNASSIGNED, NO_LEADER, MetadataImage, PartitionImage
from pykbroker.metadata.replay import NO_LEADER_CHANGE
from pykbroker.wire.messages.stored_metadata_topics import PartitionChangeRecord

RECOVERED = 0
RECOVERING = 1

# From this metadata.version on a shrinking ISR needs no new leader epoch (KAFKA-15021).
NO_EPOCH_BUMP_ON_SHRINK_SINCE = 12


class Election(Enum):
    """Which replica may become leader."""

    PREFERRED = 0  # the first replica if it can, else as ONLINE
    ONLINE = 1  # the leader stays if it can, else any in-sync replica
    UNCLEAN = 2  # as ONLINE, and any live replica rather than none


class PartitionChange:
    """What a partition is to become; set the targets, then ask for the ``record``."""

    def __init__(
        self,
        image: MetadataImage,
        topic_id: bytes,
        partition: PartitionImage,
        min_insync_replicas: int,
        may_lead: Callable[[int], bool] | None = None,
    ) -> None:
        self._image = image
        self._topic_id = topic_id
        self._partition = partition
        self._min_insync_replicas = min_insync_replicas
        self._is_alive = may_lead or image.is_active
        self._elr_enabled = image.elr_enabled
        self.isr: Sequence[int] = partition.isr
        self.replicas: Sequence[int] = partition.replicas
        self.adding: Sequence[int] = partition.adding_replicas
        self.removing: Sequence[int] = partition.removing_replicas
        self.leader_recovery_state = partition.leader_recovery_state
        self.directories = dict(zip(partition.replicas, partition.directories, strict=False))
        self.election = Election.ONLINE
        self.unclean_shutdown: Collection[int] = ()
        """Brokers that came back without having shut down: what they had may be incomplete."""
        self._elr = partition.elr

    def record(self) -> PartitionChangeRecord | None:
        """The change as a record, or None if nothing would be different."""
        record = PartitionChangeRecord(partition_id=self._partition.partition_id, topic_id=self._topic_id)
        self._complete_reassignment()
        self._find_eligible_leaders()
        self._elect(record)
        self._bump_epoch_for_lost_replicas(record)
        self._set_eligible_leaders(record)
        self._set_isr(record)
        self._set_last_known_leader(record)
        self._set_assignment(record)
        if self.leader_recovery_state != self._partition.leader_recovery_state:
            record.leader_recovery_state = self.leader_recovery_state
        blank = PartitionChangeRecord(partition_id=self._partition.partition_id, topic_id=self._topic_id)
        return None if record == blank else record

    # -- what follows from the targets -----------------------------------------------------------------------------

    def _complete_reassignment(self) -> None:
        """A reassignment is over as soon as every replica that stays is in sync."""
        if not self.adding and not self.removing:
            return
        isr = [replica for replica in self.isr if replica not in self.removing]
        replicas = [replica for replica in self.replicas if replica not in self.removing]
        if isr and replicas and set(replicas) <= set(isr):
            self.isr, self.replicas, self.adding, self.removing = isr, replicas, (), ()

    def _find_eligible_leaders(self) -> None:
        """Replicas that have every committed record although they left the ISR: only while it is below its minimum."""
        if not self._elr_enabled:
            return
        if len(self.isr) >= self._min_insync_replicas:
            self._elr = ()
            return
        candidates = {*self._elr, *self._partition.isr} - {*self.isr, *self.unclean_shutdown}
        self._elr = tuple(sorted(candidates))

    def _may_lead(self, replica: int) -> bool:
        """The broker lives, and so does the directory it keeps this replica in (KIP-858)."""
        broker = self._image.brokers.get(replica)
        directory = self._partition.directory_of(replica)
        return self._is_alive(replica) and (broker is None or broker.has_online(directory))

    # -- the leader ------------------------------------------------------------------------------------------------

    def _elect(self, record: PartitionChangeRecord) -> None:
        leader, unclean = self._choose_leader()
        if leader in self._elr:
            self.isr = (leader,)
            self._elr = tuple(replica for replica in self._elr if replica != leader)
        if leader == self._partition.leader and not unclean:
            return
        record.leader = leader
        if unclean:
            record.isr = (leader,)
            if self._partition.leader_recovery_state != RECOVERING:
                record.leader_recovery_state = self.leader_recovery_state = RECOVERING

    def _choose_leader(self) -> tuple[int, bool]:
        """(the leader, whether records may be lost by it)."""
        order = [self._partition.leader, *self.replicas]
        if self.election is Election.PREFERRED:
            order.insert(0, self.replicas[0])
        for replica in order:
            if self._is_safe_leader(replica):
                return replica, False
        if self._last_leader_can_return():
            return self._partition.last_known_elr[0], True
        if self.election is Election.UNCLEAN:
            for replica in self.replicas:
                if self._may_lead(replica):
                    return replica, True
        return NO_LEADER, False

    def _is_safe_leader(self, replica: int) -> bool:
        eligible = self.isr or self._elr
        return replica in eligible and self._may_lead(replica)

    def _last_leader_can_return(self) -> bool:
        """With nobody in the ISR nor eligible, the last leader is the best there is (KIP-966, balanced recovery)."""
        last = self._partition.last_known_elr
        if not self._elr_enabled or self._elr or self.isr:
            return False
        return len(last) == 1 and self._may_lead(last[0])

    def _bump_epoch_for_lost_replicas(self, record: PartitionChangeRecord) -> None:
        """A replica that was dropped must not go on as if it had not been: everybody gets a new leader epoch."""
        if record.leader == NO_LEADER_CHANGE and not set(self._partition.replicas) <= set(self.replicas):
            record.leader = self._partition.leader

    # -- what differs ----------------------------------------------------------------------------------------------

    def _set_eligible_leaders(self, record: PartitionChangeRecord) -> None:
        if record.isr is not None or not self._elr_enabled:  # unclean, or the feature is off
            self._elr = ()
        if tuple(self._elr) != self._partition.elr:
            record.eligible_leader_replicas = self._elr

    def _set_isr(self, record: PartitionChangeRecord) -> None:
        changed = tuple(self.isr) != self._partition.isr
        if record.isr is None and changed and (self.isr or self._elr_enabled):
            record.isr = tuple(self.isr)
        shrinks = record.isr is not None and not set(self._partition.isr) <= set(record.isr)
        old_brokers = self._image.metadata_version < NO_EPOCH_BUMP_ON_SHRINK_SINCE
        if shrinks and old_brokers and record.leader == NO_LEADER_CHANGE:
            record.leader = self._partition.leader

    def _set_last_known_leader(self, record: PartitionChangeRecord) -> None:
        if not self._elr_enabled:
            return
        old = self._partition
        lost_all = record.isr is not None and not record.isr
        leads = record.leader >= 0 or (old.leader != NO_LEADER and record.leader != NO_LEADER)
        if lost_all and old.last_known_elr != (old.leader,):
            record.last_known_elr = (old.leader,)
        elif leads and old.last_known_elr:
            record.last_known_elr = ()

    def _set_assignment(self, record: PartitionChangeRecord) -> None:
        old = self._partition
        if self.replicas and self._image.metadata_version >= DIRECTORIES_SINCE:
            directories = tuple(self._directory(replica) for replica in self.replicas)
            if directories != old.directories:
                record.directories = directories
        if self.replicas and tuple(self.replicas) != old.replicas:
            record.replicas = tuple(self.replicas)
        if tuple(self.removing) != old.removing_replicas:
            record.removing_replicas = tuple(self.removing)
        if tuple(self.adding) != old.adding_replicas:
            record.adding_replicas = tuple(self.adding)

    def _directory(self, replica: int) -> bytes:
        known = self.directories.get(replica)
        if known is not None:
            return known
        broker = self._image.brokers.get(replica)
        return DIRECTORY_UNASSIGNED if broker is None else broker.default_directory
