// franz-go's stories: kgo for records and groups, kadm for administration.
package main

import (
	"context"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	tellAll([]story{
		{"hundred_messages_to_a_new_topic", hundredMessages},
		{"group_from_earliest", groupFromEarliest},
		{"compression_each", compressionEach},
		{"acks_each", acksEach},
		{"headers_keys_nulls", headersKeysNulls},
		{"large_message", largeMessage},
		{"idempotent_producer", idempotentProducer},
		{"seek_by_time", seekByTime},
		{"out_of_range_resets", outOfRangeResets},
		{"producer_survives_broker_restart", producerSurvives},
		{"transaction_commit_and_abort", transactions},
		{"transaction_carries_offsets", transactionOffsets},
		{"cooperative_rebalance", cooperativeRebalance},
		{"commit_with_metadata", commitWithMetadata},
		{"resume_after_broker_restart", resumeAfterRestart},
		{"consumer_lag", consumerLag},
		{"pattern_subscription", patternSubscription},
		{"admin_topics", adminTopics},
		{"admin_incremental_configs", adminConfigs},
		{"admin_partitions", adminPartitions},
		{"delete_records", deleteRecords},
		{"list_offsets", listOffsets},
		{"admin_groups", adminGroups},
		{"admin_describe", adminDescribe},
	})
}

func client(options ...kgo.Opt) *kgo.Client {
	return got(kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap)}, options...)...))
}

func admin() *kadm.Client { return kadm.NewClient(client()) }

func newTopic(ctx context.Context, prefix string, partitions int32) string {
	topic := unique(prefix)
	a := admin()
	defer a.Close()
	got(a.CreateTopic(ctx, partitions, 1, nil, topic))
	return topic
}

// send sends values to partition 0 in order and returns the last record's offset.
func send(ctx context.Context, topic string, values []string, options ...kgo.Opt) int64 {
	c := client(append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.AllowAutoTopicCreation())...)
	defer c.Close()
	var records []*kgo.Record
	for _, value := range values {
		records = append(records, &kgo.Record{Topic: topic, Value: []byte(value)})
	}
	results := c.ProduceSync(ctx, records...)
	must(results.FirstErr())
	return results[len(results)-1].Record.Offset
}

func take(ctx context.Context, c *kgo.Client, count int) (found []*kgo.Record) {
	ctx, cancel := context.WithTimeout(ctx, waitTimeout)
	defer cancel()
	for len(found) < count {
		fetches := c.PollRecords(ctx, count-len(found))
		if ctx.Err() != nil {
			fail("read %d of %d records", len(found), count)
		}
		found = append(found, fetches.Records()...)
	}
	return found
}

func read(ctx context.Context, topic string, count int, options ...kgo.Opt) []*kgo.Record {
	c := client(append(options, kgo.ConsumeTopics(topic))...)
	defer c.Close()
	return take(ctx, c, count)
}

func values(records []*kgo.Record) (found []string) {
	for _, record := range records {
		found = append(found, string(record.Value))
	}
	return found
}

// member is a member of a group with Kafka's shortest session.
func member(topic, group string, options ...kgo.Opt) *kgo.Client {
	return client(append([]kgo.Opt{kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(300 * time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}, options...)...)
}

func hundredMessages(ctx context.Context) {
	topic := unique("tutorial")
	send(ctx, topic, numbers(0, 100))
	equal(values(read(ctx, topic, 100)), numbers(0, 100))
}

func groupFromEarliest(ctx context.Context) {
	topic, group := newTopic(ctx, "group", 1), unique("group")
	send(ctx, topic, numbers(0, 5))
	first := member(topic, group)
	equal(values(take(ctx, first, 5)), numbers(0, 5))
	must(first.CommitUncommittedOffsets(ctx))
	first.Close()
	send(ctx, topic, []string{"5"})
	second := member(topic, group)
	defer second.Close()
	equal(values(take(ctx, second, 1)), []string{"5"})
}

func compressionEach(ctx context.Context) {
	topic := newTopic(ctx, "codecs", 1)
	codecs := []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(),
		kgo.Lz4Compression(), kgo.ZstdCompression()}
	for _, codec := range codecs {
		send(ctx, topic, []string{strings.Repeat("once more ", 200), "end"}, kgo.ProducerBatchCompression(codec))
	}
	for i, value := range values(read(ctx, topic, 10)) {
		equal(len(value), []int{2000, 3}[i%2])
	}
}

func acksEach(ctx context.Context) {
	topic := newTopic(ctx, "acks", 1)
	send(ctx, topic, []string{"zero"}, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	read(ctx, topic, 1)
	equal(send(ctx, topic, []string{"one"}, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()), int64(1))
	equal(send(ctx, topic, []string{"all"}), int64(2))
	equal(values(read(ctx, topic, 3)), []string{"zero", "one", "all"})
}

func headersKeysNulls(ctx context.Context) {
	topic := newTopic(ctx, "shapes", 1)
	c := client(kgo.DefaultProduceTopic(topic))
	defer c.Close()
	headers := []kgo.RecordHeader{{Key: "trace", Value: []byte{0, 255}}, {Key: "trace", Value: []byte("again")}}
	must(c.ProduceSync(ctx, &kgo.Record{Key: []byte{}, Value: []byte{}, Headers: headers}).FirstErr())
	must(c.ProduceSync(ctx, &kgo.Record{Key: []byte("tombstone"), Timestamp: time.UnixMilli(1234567890123)}).FirstErr())
	found := read(ctx, topic, 2)
	equal(found[0].Headers, headers)
	equal([]bool{found[0].Key == nil, found[0].Value == nil, found[1].Value == nil}, []bool{false, false, true})
	equal(found[1].Timestamp.UnixMilli(), int64(1234567890123))
}

func largeMessage(ctx context.Context) {
	topic := newTopic(ctx, "large", 1)
	value := strings.Repeat("0123456789abcdef", 921600/16)
	send(ctx, topic, []string{value}, kgo.ProducerBatchCompression(kgo.NoCompression()))
	equal(values(read(ctx, topic, 1)), []string{value})
	c := client(kgo.ProducerBatchMaxBytes(4000000), kgo.ProducerBatchCompression(kgo.NoCompression()))
	defer c.Close()
	large := &kgo.Record{Topic: topic, Value: []byte(value + value + value)}
	refused(c.ProduceSync(ctx, large).FirstErr(), "MESSAGE_TOO_LARGE")
	equal(send(ctx, topic, []string{"after"}), int64(1))
}

func idempotentProducer(ctx context.Context) {
	topic := newTopic(ctx, "idempotent", 1)
	equal(send(ctx, topic, numbers(0, 500), kgo.ProducerBatchMaxBytes(1024)), int64(499))
	equal(values(read(ctx, topic, 500)), numbers(0, 500))
}

func seekByTime(ctx context.Context) {
	topic := newTopic(ctx, "timed", 1)
	start := time.Now().Add(-100 * time.Second).UnixMilli()
	c := client()
	defer c.Close()
	for i := int64(0); i < 10; i++ {
		record := &kgo.Record{Topic: topic, Value: []byte{byte('0' + i)}, Timestamp: time.UnixMilli(start + i*1000)}
		must(c.ProduceSync(ctx, record).FirstErr())
	}
	from := kgo.NewOffset().AfterMilli(start + 3500)
	equal(values(read(ctx, topic, 6, kgo.ConsumeResetOffset(from))), numbers(4, 10))
}

func outOfRangeResets(ctx context.Context) {
	topic := newTopic(ctx, "range", 1)
	send(ctx, topic, numbers(0, 2))
	c := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(1000)}}),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer c.Close()
	equal(values(take(ctx, c, 2)), numbers(0, 2))
}

func producerSurvives(ctx context.Context) {
	requireControl()
	topic := newTopic(ctx, "producer-restart", 1)
	c := client(kgo.DefaultProduceTopic(topic))
	defer c.Close()
	must(c.ProduceSync(ctx, kgo.StringRecord("before")).FirstErr())
	restartBroker()
	must(c.ProduceSync(ctx, kgo.StringRecord("after")).FirstErr())
	equal(values(read(ctx, topic, 2)), []string{"before", "after"})
}

func transactions(ctx context.Context) {
	topic := newTopic(ctx, "transactions", 1)
	c := client(kgo.TransactionalID(unique("tx")), kgo.DefaultProduceTopic(topic))
	defer c.Close()
	for _, value := range []string{"kept", "dropped", "kept too"} {
		must(c.BeginTransaction())
		must(c.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr())
		must(c.EndTransaction(ctx, kgo.TransactionEndTry(value != "dropped")))
	}
	committed := kgo.FetchIsolationLevel(kgo.ReadCommitted())
	equal(values(read(ctx, topic, 2, committed)), []string{"kept", "kept too"})
	equal(values(read(ctx, topic, 3)), []string{"kept", "dropped", "kept too"})
}

func transactionOffsets(ctx context.Context) {
	from, to, group := newTopic(ctx, "from", 1), newTopic(ctx, "to", 1), unique("group")
	send(ctx, from, numbers(0, 3))
	session := got(kgo.NewGroupTransactSession(kgo.SeedBrokers(bootstrap), kgo.TransactionalID(unique("tx")),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(from), kgo.RequireStableFetchOffsets(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted())))
	defer session.Close()
	records := session.PollFetches(ctx).Records()
	must(session.Begin())
	for _, record := range records {
		must(session.ProduceSync(ctx, &kgo.Record{Topic: to, Value: record.Value}).FirstErr())
	}
	equal(got(session.End(ctx, kgo.TryCommit)), true)
	equal(values(read(ctx, to, len(records), kgo.FetchIsolationLevel(kgo.ReadCommitted()))), numbers(0, len(records)))
	a := admin()
	defer a.Close()
	offset, _ := got(a.FetchOffsets(ctx, group)).Lookup(from, 0)
	equal(offset.At, int64(len(records)))
}

func assigned(ctx context.Context, a *kadm.Client, group string) (counts []int) {
	described := got(a.DescribeGroups(ctx, group))
	for _, m := range described[group].Members {
		if consumer, ok := m.Assigned.AsConsumer(); ok {
			for _, topic := range consumer.Topics {
				counts = append(counts, len(topic.Partitions))
			}
		}
	}
	return counts
}

func cooperativeRebalance(ctx context.Context) {
	topic, group := newTopic(ctx, "cooperative", 4), unique("group")
	a := admin()
	defer a.Close()
	first := member(topic, group, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	defer first.Close()
	waitUntil("all four", func() bool { c := assigned(ctx, a, group); return len(c) == 1 && c[0] == 4 })
	second := member(topic, group, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	waitUntil("two each", func() bool { c := assigned(ctx, a, group); return len(c) == 2 && c[0] == 2 && c[1] == 2 })
	second.Close()
	waitUntil("four again", func() bool { c := assigned(ctx, a, group); return len(c) == 1 && c[0] == 4 })
}

func commitWithMetadata(ctx context.Context) {
	topic, group := newTopic(ctx, "metadata", 2), unique("group")
	a := admin()
	defer a.Close()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 5, LeaderEpoch: -1, Metadata: "half way"})
	must(got(a.CommitOffsets(ctx, group, offsets)).Error())
	found := got(a.FetchOffsets(ctx, group))
	offset, _ := found.Lookup(topic, 0)
	equal([]any{offset.At, offset.Metadata}, []any{int64(5), "half way"})
	_, other := found.Lookup(topic, 1)
	equal(other, false)
}

func resumeAfterRestart(ctx context.Context) {
	requireControl()
	topic, group := newTopic(ctx, "durable", 1), unique("group")
	send(ctx, topic, numbers(0, 10))
	first := member(topic, group)
	must(first.CommitRecords(ctx, take(ctx, first, 6)...))
	first.Close()
	restartBroker()
	second := member(topic, group)
	defer second.Close()
	equal(values(take(ctx, second, 4)), numbers(6, 10))
	equal(send(ctx, topic, []string{"next"}), int64(10))
}

func consumerLag(ctx context.Context) {
	topic, group := newTopic(ctx, "lag", 1), unique("group")
	send(ctx, topic, numbers(0, 30))
	c := member(topic, group)
	must(c.CommitRecords(ctx, take(ctx, c, 10)...))
	c.Close()
	a := admin()
	defer a.Close()
	equal(got(a.Lag(ctx, group))[group].Lag.Total(), int64(20))
}

func patternSubscription(ctx context.Context) {
	prefix := unique("pattern")
	a := admin()
	defer a.Close()
	got(a.CreateTopic(ctx, 1, 1, nil, prefix+"-a"))
	send(ctx, prefix+"-a", []string{"a"})
	c := member("^"+prefix+".*", unique("group"), kgo.ConsumeRegex(), kgo.MetadataMaxAge(500*time.Millisecond),
		kgo.MetadataMinAge(100*time.Millisecond))
	defer c.Close()
	equal(values(take(ctx, c, 1)), []string{"a"})
	got(a.CreateTopic(ctx, 1, 1, nil, prefix+"-b"))
	send(ctx, prefix+"-b", []string{"b"})
	equal(values(take(ctx, c, 1)), []string{"b"})
}

func adminTopics(ctx context.Context) {
	topic := newTopic(ctx, "admin", 3)
	a := admin()
	defer a.Close()
	waitUntil("three partitions", func() bool { return len(got(a.ListTopics(ctx, topic))[topic].Partitions) == 3 })
	for _, wrong := range []struct {
		topic    string
		replicas int16
		configs  map[string]*string
		code     string
	}{
		{topic, 1, nil, "TOPIC_ALREADY_EXISTS"},
		{unique("r"), 3, nil, "INVALID_REPLICATION_FACTOR"},
		{"no/slash", 1, nil, "INVALID_TOPIC_EXCEPTION"},
		{unique("c"), 1, map[string]*string{"retention.ms": kadm.StringPtr("soon")}, "INVALID_CONFIG"},
	} {
		_, err := a.CreateTopic(ctx, 1, wrong.replicas, wrong.configs, wrong.topic)
		refused(err, wrong.code)
	}
	got(a.DeleteTopic(ctx, topic))
	_, err := a.DeleteTopic(ctx, topic)
	refused(err, "UNKNOWN_TOPIC_OR_PARTITION")
}

func adminConfigs(ctx context.Context) {
	topic := newTopic(ctx, "appended", 1)
	a := admin()
	defer a.Close()
	change := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: kadm.StringPtr("3600000")},
		{Op: kadm.AppendConfig, Name: "cleanup.policy", Value: kadm.StringPtr("compact")}}
	must(got(a.AlterTopicConfigs(ctx, change, topic))[0].Err)
	waitUntil("both", func() bool {
		found := map[string]string{}
		for _, config := range got(a.DescribeTopicConfigs(ctx, topic))[0].Configs {
			found[config.Key] = config.MaybeValue()
		}
		return found["cleanup.policy"] == "delete,compact" && found["retention.ms"] == "3600000"
	})
}

func adminPartitions(ctx context.Context) {
	topic := newTopic(ctx, "growing", 1)
	a := admin()
	defer a.Close()
	must(got(a.UpdatePartitions(ctx, 3, topic)).Error())
	waitUntil("three", func() bool { return len(got(a.ListTopics(ctx, topic))[topic].Partitions) == 3 })
	refused(got(a.UpdatePartitions(ctx, 2, topic)).Error(), "INVALID_PARTITIONS")
}

func deleteRecords(ctx context.Context) {
	topic := newTopic(ctx, "trimmed", 1)
	send(ctx, topic, numbers(0, 10))
	a := admin()
	defer a.Close()
	below := func(offset int64) kadm.DeleteRecordsResponse {
		var offsets kadm.Offsets
		offsets.AddOffset(topic, 0, offset, -1)
		response, _ := got(a.DeleteRecords(ctx, offsets)).Lookup(topic, 0)
		return response
	}
	equal(below(6).LowWatermark, int64(6))
	start, _ := got(a.ListStartOffsets(ctx, topic)).Lookup(topic, 0)
	equal(start.Offset, int64(6))
	refused(below(11).Err, "OFFSET_OUT_OF_RANGE")
}

func listOffsets(ctx context.Context) {
	topic := newTopic(ctx, "offsets", 1)
	c := client()
	defer c.Close()
	for _, timestamp := range []int64{1000, 9000, 5000} {
		record := &kgo.Record{Topic: topic, Value: []byte("x"), Timestamp: time.UnixMilli(timestamp)}
		must(c.ProduceSync(ctx, record).FirstErr())
	}
	a := admin()
	defer a.Close()
	at := func(offsets kadm.ListedOffsets, err error) int64 {
		must(err)
		found, _ := offsets.Lookup(topic, 0)
		return found.Offset
	}
	equal(at(a.ListStartOffsets(ctx, topic)), int64(0))
	equal(at(a.ListEndOffsets(ctx, topic)), int64(3))
	equal(at(a.ListCommittedOffsets(ctx, topic)), int64(3))
	equal(at(a.ListMaxTimestampOffsets(ctx, topic)), int64(1))
	equal(at(a.ListOffsetsAfterMilli(ctx, 4000, topic)), int64(1))
}

func adminGroups(ctx context.Context) {
	topic, group := newTopic(ctx, "grouped", 1), unique("group")
	a := admin()
	defer a.Close()
	c := member(topic, group, kgo.ClientID("well-known"))
	state := func() string { return got(a.DescribeGroups(ctx, group))[group].State }
	waitUntil("a stable group", func() bool { return state() == "Stable" })
	equal(got(a.DescribeGroups(ctx, group))[group].Members[0].ClientID, "well-known")
	_, err := a.DeleteGroup(ctx, group)
	refused(err, "NON_EMPTY_GROUP")
	c.Close()
	waitUntil("an empty group", func() bool { return state() == "Empty" })
	got(a.DeleteGroup(ctx, group))
	_, listed := got(a.ListGroups(ctx))[group]
	equal(listed, false)
}

func adminDescribe(ctx context.Context) {
	topic := newTopic(ctx, "described", 2)
	a := admin()
	defer a.Close()
	waitUntil("the topic", func() bool { return len(got(a.Metadata(ctx, topic)).Topics[topic].Partitions) == 2 })
	found := got(a.Metadata(ctx, topic))
	equal(len(found.Cluster), 22)
	equal(len(found.Brokers), 1)
	equal(found.Topics[topic].ID == kadm.TopicID{}, false)
}
