// segmentio/kafka-go's stories: Writer, Reader and Client.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

func main() {
	tellAll([]story{
		{"hundred_messages_to_a_new_topic", hundredMessages},
		{"keys_choose_partitions", keysChoosePartitions},
		{"compression_each", compressionEach},
		{"acks_each", acksEach},
		{"headers_keys_nulls", headersKeysNulls},
		{"large_message", largeMessage},
		{"seek_by_time", seekByTime},
		{"seek_and_ends", seekAndEnds},
		{"commit_and_resume", commitAndResume},
		{"two_members_split", twoMembersSplit},
		{"resume_after_broker_restart", resumeAfterRestart},
		{"admin_topics", adminTopics},
		{"admin_incremental_configs", adminConfigs},
		{"admin_groups", adminGroups},
	})
}

// client has connections of its own: the shared ones do not survive a story that restarts the broker.
func client() *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(bootstrap), Timeout: waitTimeout, Transport: &kafka.Transport{}}
}

func createTopic(ctx context.Context, topic string, partitions, replicas int) error {
	answer := got(client().CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
		{Topic: topic, NumPartitions: partitions, ReplicationFactor: replicas}}}))
	return answer.Errors[topic]
}

func newTopic(ctx context.Context, prefix string, partitions int) string {
	topic := unique(prefix)
	must(createTopic(ctx, topic, partitions, 1))
	return topic
}

func writer(topic string) *kafka.Writer {
	return &kafka.Writer{Addr: kafka.TCP(bootstrap), Topic: topic, BatchTimeout: 5 * time.Millisecond,
		RequiredAcks: kafka.RequireAll, AllowAutoTopicCreation: true}
}

func messages(values []string) (found []kafka.Message) {
	for _, value := range values {
		found = append(found, kafka.Message{Value: []byte(value)})
	}
	return found
}

func send(ctx context.Context, w *kafka.Writer, values []string) {
	defer w.Close()
	for { // the first write to a topic that is only now being created is answered so
		err := w.WriteMessages(ctx, messages(values)...)
		if !errors.Is(err, kafka.UnknownTopicOrPartition) && !errors.Is(err, kafka.LeaderNotAvailable) {
			must(err)
			return
		}
	}
}

// reader reads partition 0, or all as a member of a group.
func reader(topic, group string) *kafka.Reader {
	return kafka.NewReader(kafka.ReaderConfig{Brokers: []string{bootstrap}, Topic: topic, GroupID: group,
		MaxWait: 300 * time.Millisecond, StartOffset: kafka.FirstOffset, SessionTimeout: 6 * time.Second,
		HeartbeatInterval: 300 * time.Millisecond, WatchPartitionChanges: group != ""})
}

func take(ctx context.Context, r *kafka.Reader, count int) (found []kafka.Message) {
	ctx, cancel := context.WithTimeout(ctx, waitTimeout)
	defer cancel()
	for len(found) < count {
		found = append(found, got(r.FetchMessage(ctx)))
	}
	return found
}

func read(ctx context.Context, topic string, count int) []kafka.Message {
	r := reader(topic, "")
	defer r.Close()
	return take(ctx, r, count)
}

func values(records []kafka.Message) (found []string) {
	for _, record := range records {
		found = append(found, string(record.Value))
	}
	return found
}

func hundredMessages(ctx context.Context) {
	topic := unique("tutorial")
	send(ctx, writer(topic), numbers(0, 100))
	equal(values(read(ctx, topic, 100)), numbers(0, 100))
}

func keysChoosePartitions(ctx context.Context) {
	topic := newTopic(ctx, "keyed", 4)
	w := writer(topic)
	w.Balancer = kafka.Murmur2Balancer{}
	chosen := map[string]int{}
	w.Completion = func(written []kafka.Message, err error) {
		for _, m := range written {
			if before, seen := chosen[string(m.Key)]; err != nil || seen && before != m.Partition {
				chosen[string(m.Key)] = -1
				continue
			}
			chosen[string(m.Key)] = m.Partition
		}
	}
	for i := 0; i < 40; i++ {
		must(w.WriteMessages(ctx, kafka.Message{Key: []byte(fmt.Sprint("key ", i%8)), Value: []byte(fmt.Sprint(i))}))
	}
	must(w.Close())
	equal(len(chosen), 8)
	for _, partition := range chosen {
		equal(partition >= 0, true)
	}
}

func compressionEach(ctx context.Context) {
	topic := newTopic(ctx, "codecs", 1)
	long := strings.Repeat("once more ", 200)
	for _, codec := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		w := writer(topic)
		w.Compression = codec
		send(ctx, w, []string{long, "end"})
	}
	for i, value := range values(read(ctx, topic, 10)) {
		equal(value, []string{long, "end"}[i%2])
	}
}

func acksEach(ctx context.Context) {
	topic := newTopic(ctx, "acks", 1)
	for i, acks := range []kafka.RequiredAcks{kafka.RequireNone, kafka.RequireOne, kafka.RequireAll} {
		w := writer(topic)
		w.RequiredAcks = acks
		send(ctx, w, []string{fmt.Sprint(i)})
		equal(values(read(ctx, topic, i+1)), numbers(0, i+1))
	}
}

func headersKeysNulls(ctx context.Context) {
	topic := newTopic(ctx, "shapes", 1)
	w := writer(topic)
	defer w.Close()
	headers := []kafka.Header{{Key: "trace", Value: []byte{0, 255}}, {Key: "trace", Value: []byte("again")}}
	must(w.WriteMessages(ctx, kafka.Message{Key: []byte{}, Value: []byte{}, Headers: headers},
		kafka.Message{Key: []byte("tombstone"), Time: time.UnixMilli(1234567890123)}))
	found := read(ctx, topic, 2)
	equal(found[0].Headers, headers)
	equal(found[1].Value == nil, true) // of an empty value this client makes nil, too
	equal(found[1].Time.UnixMilli(), int64(1234567890123))
}

func largeMessage(ctx context.Context) {
	topic := newTopic(ctx, "large", 1)
	value := strings.Repeat("0123456789abcdef", 921600/16)
	send(ctx, writer(topic), []string{value})
	equal(values(read(ctx, topic, 1)), []string{value})
	w := writer(topic)
	w.BatchBytes = 4000000
	defer w.Close()
	refused(w.WriteMessages(ctx, messages([]string{value + value + value})...), "too large")
	equal(ends(ctx, topic).LastOffset, int64(1))
}

func ends(ctx context.Context, topic string, more ...kafka.OffsetRequest) kafka.PartitionOffsets {
	asked := append(more, kafka.FirstOffsetOf(0), kafka.LastOffsetOf(0))
	answer := got(client().ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: asked}}))
	must(answer.Topics[topic][0].Error)
	return answer.Topics[topic][0]
}

func seekByTime(ctx context.Context) {
	topic := newTopic(ctx, "timed", 1)
	start := time.UnixMilli(time.Now().Add(-100 * time.Second).UnixMilli())
	w := writer(topic)
	for i := 0; i < 10; i++ {
		must(w.WriteMessages(ctx, kafka.Message{Value: []byte(fmt.Sprint(i)), Time: start.Add(time.Duration(i) * time.Second)}))
	}
	must(w.Close())
	r := reader(topic, "")
	defer r.Close()
	must(r.SetOffsetAt(ctx, start.Add(3500*time.Millisecond)))
	equal(values(take(ctx, r, 6)), numbers(4, 10))
}

func seekAndEnds(ctx context.Context) {
	topic := newTopic(ctx, "ends", 1)
	send(ctx, writer(topic), numbers(0, 10))
	found := ends(ctx, topic)
	equal([]int64{found.FirstOffset, found.LastOffset}, []int64{0, 10})
	r := reader(topic, "")
	defer r.Close()
	must(r.SetOffset(7))
	equal(values(take(ctx, r, 3)), numbers(7, 10))
}

func commitAndResume(ctx context.Context) {
	topic, group := newTopic(ctx, "resume", 1), unique("group")
	send(ctx, writer(topic), numbers(0, 10))
	first := reader(topic, group)
	must(first.CommitMessages(ctx, take(ctx, first, 4)...))
	must(first.Close())
	second := reader(topic, group)
	defer second.Close()
	equal(values(take(ctx, second, 6)), numbers(4, 10))
}

// assigned says how many partitions each member of a stable group has.
func assigned(ctx context.Context, group string) (counts []int) {
	described := got(client().DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})).Groups[0]
	for _, m := range described.Members {
		for _, topic := range m.MemberAssignments.Topics {
			counts = append(counts, len(topic.Partitions))
		}
	}
	return counts
}

func twoMembersSplit(ctx context.Context) {
	topic, group := newTopic(ctx, "shared", 4), unique("group")
	first := reader(topic, group)
	defer first.Close()
	waitUntil("all four", func() bool { c := assigned(ctx, group); return len(c) == 1 && c[0] == 4 })
	second := reader(topic, group)
	waitUntil("two each", func() bool { c := assigned(ctx, group); return len(c) == 2 && c[0] == 2 && c[1] == 2 })
	must(second.Close())
	waitUntil("four again", func() bool { c := assigned(ctx, group); return len(c) == 1 && c[0] == 4 })
}

func resumeAfterRestart(ctx context.Context) {
	requireControl()
	topic, group := newTopic(ctx, "durable", 1), unique("group")
	send(ctx, writer(topic), numbers(0, 10))
	first := reader(topic, group)
	must(first.CommitMessages(ctx, take(ctx, first, 6)...))
	must(first.Close())
	restartBroker()
	second := reader(topic, group)
	defer second.Close()
	equal(values(take(ctx, second, 4)), numbers(6, 10))
}

func adminTopics(ctx context.Context) {
	topic := newTopic(ctx, "admin", 3)
	equal(errors.Is(createTopic(ctx, topic, 1, 1), kafka.TopicAlreadyExists), true)
	equal(errors.Is(createTopic(ctx, unique("r"), 1, 3), kafka.InvalidReplicationFactor), true)
	equal(errors.Is(createTopic(ctx, "no/slash", 1, 1), kafka.InvalidTopic), true)
	deletion := func() error {
		return got(client().DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{topic}})).Errors[topic]
	}
	must(deletion())
	equal(errors.Is(deletion(), kafka.UnknownTopicOrPartition), true)
}

func adminConfigs(ctx context.Context) {
	topic := newTopic(ctx, "appended", 1)
	change := []kafka.IncrementalAlterConfigsRequestConfig{
		{Name: "cleanup.policy", Value: "compact", ConfigOperation: kafka.ConfigOperationAppend}}
	answer := got(client().IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{
			{ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, Configs: change}}}))
	must(answer.Resources[0].Error)
	waitUntil("delete,compact", func() bool {
		found := got(client().DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
			{ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{"cleanup.policy"}}}}))
		return found.Resources[0].ConfigEntries[0].ConfigValue == "delete,compact"
	})
}

func adminGroups(ctx context.Context) {
	topic, group := newTopic(ctx, "grouped", 1), unique("group")
	r := reader(topic, group)
	state := func() string {
		return got(client().DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})).Groups[0].GroupState
	}
	deletion := func() error {
		return got(client().DeleteGroups(ctx, &kafka.DeleteGroupsRequest{GroupIDs: []string{group}})).Errors[group]
	}
	waitUntil("a stable group", func() bool { return state() == "Stable" })
	equal(errors.Is(deletion(), kafka.NonEmptyGroup), true)
	must(r.Close())
	waitUntil("an empty group", func() bool { return state() == "Empty" })
	must(deletion())
}
