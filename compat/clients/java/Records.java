import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What a record may be, how it is sent, and how it is found again. */
final class Records {
    static void hundredMessagesToANewTopic() throws Exception {
        String topic = Tap.unique("tutorial");
        try (KafkaProducer<String, String> producer = Clients.producer()) {
            for (int i = 0; i < 100; i++)
                producer.send(new ProducerRecord<>(topic, "message " + i));
            producer.flush();
        }
        Set<String> found = new HashSet<>(Clients.values(Clients.read(topic, 100)));
        for (int i = 0; i < 100; i++)
            Tap.require(found.contains("message " + i), "message " + i + " is missing");
    }

    static void groupFromEarliest() throws Exception {
        String topic = Clients.newTopic("group", 1), group = Tap.unique("group");
        try (KafkaProducer<String, String> producer = Clients.producer()) {
            for (int i = 0; i < 5; i++)
                producer.send(new ProducerRecord<>(topic, "key " + i, "value " + i)).get();
        }
        try (KafkaConsumer<String, String> consumer = Clients.inGroup(group, "enable.auto.commit=true")) {
            consumer.subscribe(List.of(topic));
            List<ConsumerRecord<String, String>> found = Clients.take(consumer, 5);
            for (int i = 0; i < 5; i++)
                Tap.equal(List.of(found.get(i).offset(), found.get(i).key(), found.get(i).value()),
                    List.of((long) i, "key " + i, "value " + i));
        }
        Tap.equal(Clients.drain(topic, group), List.of());
    }

    static void consumerWithoutGroup() throws Exception {
        String topic = Clients.newTopic("alone", 1);
        Clients.send(topic, List.of("one"));
        for (int time = 0; time < 2; time++)
            Tap.equal(Clients.values(Clients.read(topic, 1)), List.of("one"));
    }

    static void keysChoosePartitions() throws Exception {
        String topic = Clients.newTopic("keyed", 4);
        try (KafkaProducer<String, String> producer = Clients.producer("retries=20")) {
            for (int i = 0; i < 80; i++)
                producer.send(new ProducerRecord<>(topic, "key " + i % 8, "" + i));
            producer.flush();
            Map<String, List<Integer>> byKey = new HashMap<>();
            Map<String, Set<Integer>> partitions = new HashMap<>();
            for (ConsumerRecord<String, String> record : Clients.read(topic, 80)) {
                byKey.computeIfAbsent(record.key(), key -> new ArrayList<>()).add(Integer.parseInt(record.value()));
                partitions.computeIfAbsent(record.key(), key -> new HashSet<>()).add(record.partition());
            }
            for (int key = 0; key < 8; key++) {
                Tap.equal(partitions.get("key " + key).size(), 1);
                for (int i = 0; i < 10; i++)
                    Tap.equal(byKey.get("key " + key).get(i), i * 8 + key);
            }
        }
        Set<Integer> keyless = new HashSet<>();
        try (KafkaProducer<String, String> producer = Clients.producer("batch.size=100")) { // KIP-794 moves on by size
            for (int i = 0; i < 200; i++) {
                producer.send(new ProducerRecord<>(topic, "keyless " + i), (sent, error) -> keyless.add(sent.partition()));
                if (i % 10 == 9)
                    producer.flush();
            }
        }
        Tap.require(keyless.size() >= 3, "records without a key are in " + keyless + " only");
    }

    static void compressionEach() throws Exception {
        String topic = Clients.newTopic("codecs", 1);
        List<String> codecs = new ArrayList<>(List.of("none", "gzip", "snappy", "lz4"));
        if (Ages.isAtLeast(2, 1))
            codecs.add("zstd");
        List<String> wanted = new ArrayList<>();
        for (String codec : codecs) {
            List<String> values = new ArrayList<>();
            for (int i = 0; i < 20; i++)
                values.add(String.join(" ", Collections.nCopies(50, codec + i)));
            Clients.send(topic, values, "compression.type=" + codec, "linger.ms=20");
            wanted.addAll(values);
        }
        Tap.equal(Clients.values(Clients.read(topic, wanted.size())), wanted);
    }

    static void acksEach() throws Exception {
        String topic = Clients.newTopic("acks", 1);
        String plain = "enable.idempotence=false";
        Clients.send(topic, List.of("zero"), "acks=0", plain);
        Clients.read(topic, 1); // acks=0 is only a hope until it has been seen
        Tap.equal(Clients.send(topic, List.of("one"), "acks=1", plain), List.of(1L));
        Tap.equal(Clients.send(topic, List.of("all"), "acks=all", plain), List.of(2L));
        Tap.equal(Clients.values(Clients.read(topic, 3)), List.of("zero", "one", "all"));
    }

    static void headersKeysNulls() throws Exception {
        String topic = Clients.newTopic("shapes", 1);
        byte[] high = {0, -1}, empty = {};
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Clients.settings(), new ByteArraySerializer(), new ByteArraySerializer())) {
            ProducerRecord<byte[], byte[]> headed = new ProducerRecord<>(topic, 0, empty, empty);
            headed.headers().add("trace", high).add("empty", empty).add("trace", "again".getBytes()).add("null", null);
            producer.send(headed).get();
            producer.send(new ProducerRecord<>(topic, 0, null, "value".getBytes())).get();
            producer.send(new ProducerRecord<>(topic, 0, 1234567890123L, "tombstone".getBytes(), (byte[]) null)).get();
        }
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(Clients.settings("enable.auto.commit=false"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            Clients.assignAll(consumer, topic);
            List<ConsumerRecord<byte[], byte[]>> found = Clients.take(consumer, 3);
            Header[] headers = found.get(0).headers().toArray();
            Tap.equal(Arrays.stream(headers).map(Header::key).toArray(), new String[] {"trace", "empty", "trace", "null"});
            Tap.equal(headers[0].value(), high);
            Tap.equal(headers[1].value(), empty);
            Tap.equal(headers[3].value(), null);
            Tap.equal(found.get(0).key(), empty);
            Tap.equal(found.get(0).value(), empty);
            Tap.equal(found.get(1).key(), null);
            Tap.equal(found.get(2).value(), null);
            Tap.equal(found.get(2).timestamp(), 1234567890123L);
        }
    }

    static void largeMessage() throws Exception {
        String topic = Clients.newTopic("large", 1);
        String value = String.join("", Collections.nCopies(921_600 / 16, "0123456789abcdef"));
        Clients.send(topic, List.of(value));
        Tap.equal(Clients.values(Clients.read(topic, 1)), List.of(value));
        Tap.refusedWith("RecordTooLargeException", () -> Clients.send(topic, List.of(value + value + value),
            "max.request.size=4000000", "batch.size=0"));
        Tap.equal(Clients.send(topic, List.of("after")), List.of(1L));
    }

    static void idempotentProducer() throws Exception {
        String topic = Clients.newTopic("idempotent", 1);
        List<Long> offsets = Clients.send(topic, Clients.numbers(0, 500), "enable.idempotence=true", "batch.size=300");
        Tap.equal(offsets, Clients.offsets(0, 500));
        Tap.equal(Clients.values(Clients.read(topic, 500)), Clients.numbers(0, 500));
    }

    static void seekByTime() throws Exception {
        String topic = Clients.newTopic("timed", 1);
        TopicPartition partition = Clients.zero(topic);
        long start = System.currentTimeMillis() - 100_000;
        try (KafkaProducer<String, String> producer = Clients.producer()) {
            for (int i = 0; i < 10; i++)
                producer.send(new ProducerRecord<>(topic, 0, start + i * 1000, null, "" + i)).get();
        }
        try (KafkaConsumer<String, String> consumer = Clients.consumer()) {
            consumer.assign(List.of(partition));
            OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, start + 3500)).get(partition);
            Tap.equal(List.of(found.offset(), found.timestamp()), List.of(4L, start + 4000));
            consumer.seek(partition, found.offset());
            Tap.equal(Clients.values(Clients.take(consumer, 6)), Clients.numbers(4, 10));
            Tap.equal(consumer.offsetsForTimes(Map.of(partition, start + 60_000)).get(partition), null);
        }
    }

    static void seekAndEnds() throws Exception {
        String topic = Clients.newTopic("ends", 1);
        TopicPartition partition = Clients.zero(topic);
        Clients.send(topic, Clients.numbers(0, 10));
        try (KafkaConsumer<String, String> consumer = Clients.consumer()) {
            consumer.assign(List.of(partition));
            Tap.equal(consumer.beginningOffsets(List.of(partition)), Map.of(partition, 0L));
            Tap.equal(consumer.endOffsets(List.of(partition)), Map.of(partition, 10L));
            consumer.seekToEnd(List.of(partition));
            Tap.equal(consumer.position(partition), 10L);
            consumer.seek(partition, 7);
            Tap.equal(Clients.values(Clients.take(consumer, 3)), Clients.numbers(7, 10));
            consumer.seekToBeginning(List.of(partition));
            Tap.equal(Clients.values(Clients.take(consumer, 10)), Clients.numbers(0, 10));
            Tap.equal(consumer.position(partition), 10L);
        }
    }

    static void outOfRangeResets() throws Exception {
        String topic = Clients.newTopic("range", 1);
        Clients.send(topic, List.of("one", "two"));
        try (KafkaConsumer<String, String> consumer = Clients.consumer()) {
            consumer.assign(List.of(Clients.zero(topic)));
            consumer.seek(Clients.zero(topic), 1000);
            Tap.equal(Clients.values(Clients.take(consumer, 2)), List.of("one", "two"));
        }
    }

    static void waitingConsumerIsWoken() throws Exception {
        String topic = Clients.newTopic("woken", 1);
        Clients.send(topic, List.of("old"));
        KafkaConsumer<String, String> consumer = Clients.consumer("fetch.max.wait.ms=20000");
        try (KafkaProducer<String, String> producer = Clients.producer()) {
            Clients.assignAll(consumer, topic);
            Clients.take(consumer, 1);
            Ages.poll(consumer, 300); // sends the fetch that waits
            long sent = System.nanoTime();
            Clients.send(producer, topic, List.of("new"));
            Tap.equal(Clients.values(Clients.take(consumer, 1)), List.of("new"));
            Tap.require(System.nanoTime() - sent < 5_000_000_000L, "it took more than 5 s");
        } finally {
            Ages.closeNow(consumer); // an ordinary close waits for the fetch that waits
        }
    }

    static void latestSeesOnlyNew() throws Exception {
        String topic = Clients.newTopic("latest", 1), group = Tap.unique("group");
        Clients.send(topic, List.of("old"));
        try (KafkaConsumer<String, String> consumer = Clients.inGroup(group, "auto.offset.reset=latest")) {
            consumer.subscribe(List.of(topic));
            Tap.waitUntil("an assignment", () -> {
                Ages.poll(consumer, 100);
                return !consumer.assignment().isEmpty();
            });
            Tap.equal(consumer.position(Clients.zero(topic)), 1L);
            Clients.send(topic, List.of("new"));
            Tap.equal(Clients.values(Clients.take(consumer, 1)), List.of("new"));
        }
    }

    static void producerSurvivesBrokerRestart() throws Exception {
        Tap.requireControl();
        String topic = Clients.newTopic("producer-restart", 1);
        try (KafkaProducer<String, String> producer = Clients.producer("retries=100")) {
            Clients.send(producer, topic, List.of("before"));
            Tap.restartBroker();
            Tap.equal(Clients.send(producer, topic, List.of("after")), List.of(1L));
        }
        Tap.equal(Clients.values(Clients.read(topic, 2)), List.of("before", "after"));
    }

    static void transactionCommitAndAbort() throws Exception {
        String topic = Clients.newTopic("transactions", 1);
        try (KafkaProducer<String, String> producer = transactional(Tap.unique("tx"))) {
            for (String value : List.of("kept", "dropped", "kept too")) {
                producer.beginTransaction();
                Clients.send(producer, topic, List.of(value));
                if (value.equals("dropped"))
                    producer.abortTransaction();
                else
                    producer.commitTransaction();
            }
        }
        Tap.equal(Clients.values(Clients.read(topic, 2, "isolation.level=read_committed")), List.of("kept", "kept too"));
        Tap.equal(Clients.values(Clients.read(topic, 3)), List.of("kept", "dropped", "kept too"));
    }

    /** Offsets that a transaction carries are committed with it and not without it. */
    static void transactionCarriesOffsets() throws Exception {
        String from = Clients.newTopic("from", 1), to = Clients.newTopic("to", 1), group = Tap.unique("group");
        Clients.send(from, Clients.numbers(0, 4));
        try (KafkaProducer<String, String> producer = transactional(Tap.unique("tx"));
             KafkaConsumer<String, String> consumer = Clients.inGroup(group, "isolation.level=read_committed")) {
            consumer.subscribe(List.of(from));
            Clients.take(consumer, 4);
            Object member = Ages.isAtLeast(2, 5) ? Ages.call(consumer, "groupMetadata") : group;
            for (int offset : new int[] {2, 3}) {
                producer.beginTransaction();
                Clients.send(producer, to, List.of("up to " + offset));
                Ages.call(producer, "sendOffsetsToTransaction",
                    Map.of(Clients.zero(from), new OffsetAndMetadata(offset)), member);
                if (offset == 2)
                    producer.commitTransaction();
                else
                    producer.abortTransaction();
            }
            Tap.equal(Ages.committed(consumer, Clients.zero(from)).offset(), 2L);
        }
        Tap.equal(Clients.values(Clients.read(to, 1, "isolation.level=read_committed")), List.of("up to 2"));
    }

    /** A second producer with the same transactional id takes over: the first is fenced, its open transaction is gone. */
    static void transactionalIdFencesTheOlder() throws Exception {
        String topic = Clients.newTopic("fenced", 1), id = Tap.unique("tx");
        try (KafkaProducer<String, String> older = transactional(id)) {
            older.beginTransaction();
            Clients.send(older, topic, List.of("unfinished"));
            try (KafkaProducer<String, String> newer = transactional(id)) {
                newer.beginTransaction();
                Clients.send(newer, topic, List.of("finished"));
                newer.commitTransaction();
            }
            String name = Tap.failure(older::commitTransaction).getClass().getSimpleName();
            Tap.require(List.of("ProducerFencedException", "InvalidProducerEpochException").contains(name), name);
        }
        Tap.equal(Clients.values(Clients.read(topic, 1, "isolation.level=read_committed")), List.of("finished"));
    }

    private static KafkaProducer<String, String> transactional(String id) {
        KafkaProducer<String, String> producer = Clients.producer("transactional.id=" + id, "max.block.ms=15000",
            "transaction.timeout.ms=10000", "enable.idempotence=true", "acks=all", "retries=5");
        try {
            producer.initTransactions();
        } catch (UnsupportedVersionException none) {
            producer.close();
            throw new Tap.Skip("the broker has no transactions");
        }
        return producer;
    }
}
