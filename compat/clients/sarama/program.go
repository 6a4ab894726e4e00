// Sarama's stories. Sarama speaks the protocol of the version it is told, so it is told a recent one.
package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

func main() {
	tellAll([]story{
		{"hundred_messages_to_a_new_topic", hundredMessages},
		{"keys_choose_partitions", keysChoosePartitions},
		{"compression_each", compressionEach},
		{"acks_each", acksEach},
		{"headers_keys_nulls", headersKeysNulls},
		{"large_message", largeMessage},
		{"idempotent_producer", idempotentProducer},
		{"seek_by_time", seekByTime},
		{"transaction_commit_and_abort", transactions},
		{"two_members_split", twoMembersSplit},
		{"commit_and_resume", commitAndResume},
		{"resume_after_broker_restart", resumeAfterRestart},
		{"admin_topics", adminTopics},
		{"admin_incremental_configs", adminConfigs},
		{"admin_partitions", adminPartitions},
		{"delete_records", deleteRecords},
		{"admin_groups", adminGroups},
		{"protocol_versions", protocolVersions},
	})
}

func config(changes ...func(*sarama.Config)) *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V3_6_0_0
	c.Producer.Return.Successes = true
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Group.Session.Timeout = 6 * time.Second
	c.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	for _, change := range changes {
		change(c)
	}
	return c
}

func admin() sarama.ClusterAdmin {
	return got(sarama.NewClusterAdmin([]string{bootstrap}, config()))
}

func newTopic(prefix string, partitions int32) string {
	topic := unique(prefix)
	a := admin()
	defer a.Close()
	must(a.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false))
	return topic
}

func producer(changes ...func(*sarama.Config)) sarama.SyncProducer {
	return got(sarama.NewSyncProducer([]string{bootstrap}, config(changes...)))
}

func message(topic, value string) *sarama.ProducerMessage {
	return &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(value)}
}

// send sends values in one call and returns the last one's offset.
func send(topic string, values []string, changes ...func(*sarama.Config)) int64 {
	p := producer(changes...)
	defer p.Close()
	var messages []*sarama.ProducerMessage
	for _, value := range values {
		messages = append(messages, message(topic, value))
	}
	must(p.SendMessages(messages))
	return messages[len(messages)-1].Offset
}

// read reads partition 0 without a group.
func read(topic string, offset int64, count int, changes ...func(*sarama.Config)) (found []*sarama.ConsumerMessage) {
	c := got(sarama.NewConsumer([]string{bootstrap}, config(changes...)))
	defer c.Close()
	partition := got(c.ConsumePartition(topic, 0, offset))
	defer partition.Close()
	late := time.After(waitTimeout)
	for len(found) < count {
		select {
		case record := <-partition.Messages():
			found = append(found, record)
		case <-late:
			fail("read %d of %d records", len(found), count)
		}
	}
	return found
}

func values(records []*sarama.ConsumerMessage) (found []string) {
	for _, record := range records {
		found = append(found, string(record.Value))
	}
	return found
}

func hundredMessages(context.Context) {
	topic := unique("tutorial")
	send(topic, numbers(0, 100))
	equal(values(read(topic, sarama.OffsetOldest, 100)), numbers(0, 100))
}

func keysChoosePartitions(context.Context) {
	topic := newTopic("keyed", 4)
	p := producer()
	defer p.Close()
	chosen := map[string]int32{}
	for i := 0; i < 80; i++ {
		m := message(topic, fmt.Sprint(i))
		key := fmt.Sprint("key ", i%8)
		m.Key = sarama.StringEncoder(key)
		partition, _, err := p.SendMessage(m)
		must(err)
		if before, seen := chosen[key]; seen {
			equal(partition, before)
		}
		chosen[key] = partition
	}
}

func compressionEach(context.Context) {
	topic := newTopic("codecs", 1)
	long := strings.Repeat("once more ", 200)
	codecs := []sarama.CompressionCodec{sarama.CompressionNone, sarama.CompressionGZIP, sarama.CompressionSnappy,
		sarama.CompressionLZ4, sarama.CompressionZSTD}
	for _, codec := range codecs {
		send(topic, []string{long, "end"}, func(c *sarama.Config) { c.Producer.Compression = codec })
	}
	for i, value := range values(read(topic, 0, 10)) {
		equal(value, []string{long, "end"}[i%2])
	}
}

func acksEach(context.Context) {
	topic := newTopic("acks", 1)
	acks := func(wanted sarama.RequiredAcks) func(*sarama.Config) {
		return func(c *sarama.Config) { c.Producer.RequiredAcks = wanted }
	}
	send(topic, []string{"zero"}, acks(sarama.NoResponse))
	read(topic, 0, 1)
	equal(send(topic, []string{"one"}, acks(sarama.WaitForLocal)), int64(1))
	equal(send(topic, []string{"all"}, acks(sarama.WaitForAll)), int64(2))
	equal(values(read(topic, 0, 3)), []string{"zero", "one", "all"})
}

func headersKeysNulls(context.Context) {
	topic := newTopic("shapes", 1)
	p := producer()
	defer p.Close()
	headed := message(topic, "")
	headed.Headers = []sarama.RecordHeader{{Key: []byte("trace"), Value: []byte{0, 255}}, {Key: []byte("trace"), Value: []byte("again")}}
	tombstone := &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder("tombstone"), Timestamp: time.UnixMilli(1234567890123)}
	must(p.SendMessages([]*sarama.ProducerMessage{headed, tombstone}))
	found := read(topic, 0, 2)
	equal([]sarama.RecordHeader{*found[0].Headers[0], *found[0].Headers[1]}, headed.Headers)
	equal([]bool{found[0].Key == nil, found[0].Value == nil, found[1].Value == nil}, []bool{true, false, true})
	equal(found[1].Timestamp.UnixMilli(), int64(1234567890123))
}

func largeMessage(context.Context) {
	topic := newTopic("large", 1)
	value := strings.Repeat("0123456789abcdef", 921600/16)
	send(topic, []string{value})
	equal(values(read(topic, 0, 1)), []string{value})
	p := producer(func(c *sarama.Config) { c.Producer.MaxMessageBytes = 4000000 })
	defer p.Close()
	_, _, err := p.SendMessage(message(topic, value+value+value))
	equal(err, sarama.ErrMessageSizeTooLarge)
	equal(send(topic, []string{"after"}), int64(1))
}

func idempotent(c *sarama.Config) {
	c.Producer.Idempotent, c.Net.MaxOpenRequests, c.Producer.RequiredAcks = true, 1, sarama.WaitForAll
}

func idempotentProducer(context.Context) {
	topic := newTopic("idempotent", 1)
	equal(send(topic, numbers(0, 500), idempotent, func(c *sarama.Config) { c.Producer.Flush.MaxMessages = 5 }), int64(499))
	equal(values(read(topic, 0, 500)), numbers(0, 500))
}

func seekByTime(context.Context) {
	topic := newTopic("timed", 1)
	start := time.Now().Add(-100 * time.Second).UnixMilli()
	p := producer()
	defer p.Close()
	for i := int64(0); i < 10; i++ {
		m := message(topic, fmt.Sprint(i))
		m.Timestamp = time.UnixMilli(start + i*1000)
		_, _, err := p.SendMessage(m)
		must(err)
	}
	client := got(sarama.NewClient([]string{bootstrap}, config()))
	defer client.Close()
	equal(got(client.GetOffset(topic, 0, start+3500)), int64(4))
	equal(got(client.GetOffset(topic, 0, sarama.OffsetNewest)), int64(10))
	equal(values(read(topic, 4, 6)), numbers(4, 10))
}

func transactions(context.Context) {
	topic := newTopic("transactions", 1)
	p := producer(idempotent, func(c *sarama.Config) { c.Producer.Transaction.ID = unique("tx") })
	defer p.Close()
	for _, value := range []string{"kept", "dropped", "kept too"} {
		must(p.BeginTxn())
		_, _, err := p.SendMessage(message(topic, value))
		must(err)
		if value == "dropped" {
			must(p.AbortTxn())
		} else {
			must(p.CommitTxn())
		}
	}
	committed := func(c *sarama.Config) { c.Consumer.IsolationLevel = sarama.ReadCommitted }
	equal(values(read(topic, 0, 2, committed)), []string{"kept", "kept too"})
	equal(values(read(topic, 0, 3)), []string{"kept", "dropped", "kept too"})
}

// member is a member of a group: what it has, what it read, and how to leave.
type member struct {
	lock  sync.Mutex
	owned []int32
	read  []string
	limit int // marks this many records and no more; 0: all
	leave func()
}

func join(topic, group string, limit int) *member {
	m := &member{limit: limit}
	consumer := got(sarama.NewConsumerGroup([]string{bootstrap}, group, config()))
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan struct{})
	go func() {
		defer close(left)
		for ctx.Err() == nil {
			_ = consumer.Consume(ctx, []string{topic}, m)
		}
	}()
	m.leave = sync.OnceFunc(func() {
		cancel()
		<-left
		_ = consumer.Close()
	})
	return m
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.owned = nil
	for _, partitions := range session.Claims() {
		m.owned = append(m.owned, partitions...)
	}
	return nil
}

func (m *member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for record := range claim.Messages() {
		m.lock.Lock()
		if m.limit == 0 || len(m.read) < m.limit {
			m.read = append(m.read, string(record.Value))
			session.MarkMessage(record, "")
		}
		m.lock.Unlock()
	}
	return nil
}

func (m *member) owns() int {
	m.lock.Lock()
	defer m.lock.Unlock()
	return len(m.owned)
}

func (m *member) waitForRead(wanted []string) {
	waitUntil("what is to be read", func() bool {
		m.lock.Lock()
		defer m.lock.Unlock()
		return len(m.read) == len(wanted)
	})
	equal(m.read, wanted)
}

func twoMembersSplit(context.Context) {
	topic, group := newTopic("shared", 4), unique("group")
	first := join(topic, group, 0)
	defer first.leave()
	waitUntil("all four", func() bool { return first.owns() == 4 })
	second := join(topic, group, 0)
	defer second.leave()
	waitUntil("two each", func() bool { return first.owns() == 2 && second.owns() == 2 })
	second.leave()
	waitUntil("four again", func() bool { return first.owns() == 4 })
}

func commitAndResume(context.Context) {
	topic, group := newTopic("resume", 1), unique("group")
	send(topic, numbers(0, 10))
	first := join(topic, group, 4)
	first.waitForRead(numbers(0, 4))
	first.leave()
	second := join(topic, group, 0)
	defer second.leave()
	second.waitForRead(numbers(4, 10))
}

func resumeAfterRestart(context.Context) {
	requireControl()
	topic, group := newTopic("durable", 1), unique("group")
	send(topic, numbers(0, 10))
	first := join(topic, group, 6)
	first.waitForRead(numbers(0, 6))
	first.leave()
	restartBroker()
	second := join(topic, group, 0)
	defer second.leave()
	second.waitForRead(numbers(6, 10))
	equal(send(topic, []string{"next"}), int64(10))
}

func partitions(a sarama.ClusterAdmin, topic string) int {
	return len(got(a.DescribeTopics([]string{topic}))[0].Partitions)
}

func adminTopics(context.Context) {
	topic := newTopic("admin", 3)
	a := admin()
	defer a.Close()
	waitUntil("three partitions", func() bool { return partitions(a, topic) == 3 })
	soon := "soon"
	for _, wrong := range []struct {
		topic  string
		detail sarama.TopicDetail
		code   sarama.KError
	}{
		{topic, sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, sarama.ErrTopicAlreadyExists},
		{unique("r"), sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 3}, sarama.ErrInvalidReplicationFactor},
		{"no/slash", sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, sarama.ErrInvalidTopic},
		{unique("c"), sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1,
			ConfigEntries: map[string]*string{"retention.ms": &soon}}, sarama.ErrInvalidConfig},
	} {
		err := a.CreateTopic(wrong.topic, &wrong.detail, false).(*sarama.TopicError)
		equal(err.Err, wrong.code)
	}
	must(a.DeleteTopic(topic))
	equal(a.DeleteTopic(topic), sarama.ErrUnknownTopicOrPartition)
}

func adminConfigs(context.Context) {
	topic := newTopic("appended", 1)
	a := admin()
	defer a.Close()
	compact, hour := "compact", "3600000"
	must(a.IncrementalAlterConfig(sarama.TopicResource, topic, map[string]sarama.IncrementalAlterConfigsEntry{
		"cleanup.policy": {Operation: sarama.IncrementalAlterConfigsOperationAppend, Value: &compact},
		"retention.ms":   {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &hour}}, false))
	waitUntil("both", func() bool {
		found := map[string]string{}
		for _, entry := range got(a.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic})) {
			found[entry.Name] = entry.Value
		}
		return found["cleanup.policy"] == "delete,compact" && found["retention.ms"] == hour
	})
}

func adminPartitions(context.Context) {
	topic := newTopic("growing", 1)
	a := admin()
	defer a.Close()
	must(a.CreatePartitions(topic, 3, nil, false))
	waitUntil("three", func() bool { return partitions(a, topic) == 3 })
	refused(a.CreatePartitions(topic, 2, nil, false), "3 partition")
}

func deleteRecords(context.Context) {
	topic := newTopic("trimmed", 1)
	send(topic, numbers(0, 10))
	a := admin()
	defer a.Close()
	must(a.DeleteRecords(topic, map[int32]int64{0: 6}))
	equal(values(read(topic, sarama.OffsetOldest, 4)), numbers(6, 10))
	refused(a.DeleteRecords(topic, map[int32]int64{0: 11}), "offset")
}

func adminGroups(context.Context) {
	topic, group := newTopic("grouped", 1), unique("group")
	a := admin()
	defer a.Close()
	state := func() string { return got(a.DescribeConsumerGroups([]string{group}))[0].State }
	m := join(topic, group, 0)
	waitUntil("a stable group", func() bool { return state() == "Stable" })
	equal(got(a.ListConsumerGroups())[group], "consumer")
	equal(a.DeleteConsumerGroup(group), sarama.ErrNonEmptyGroup)
	m.leave()
	waitUntil("an empty group", func() bool { return state() == "Empty" })
	must(a.DeleteConsumerGroup(group))
}

// protocolVersions tells Sarama to be as old as Apache Kafka 4 still takes, as new as it can be, and in between.
func protocolVersions(context.Context) {
	topic := newTopic("versions", 1)
	count := int64(0)
	for _, version := range []sarama.KafkaVersion{sarama.V2_1_0_0, sarama.V2_4_0_0, sarama.V2_8_0_0, sarama.V3_3_0_0, sarama.MaxVersion} {
		speaking := func(c *sarama.Config) { c.Version = version }
		equal(send(topic, []string{version.String()}, speaking), count)
		equal(values(read(topic, count, 1, speaking)), []string{version.String()})
		count++
	}
}
