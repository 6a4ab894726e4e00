import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;

import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/** A member of a group with a thread of its own, since a member takes part in rebalances only while it polls. */
final class Member implements AutoCloseable, ConsumerRebalanceListener {
    final Set<TopicPartition> owned = new ConcurrentSkipListSet<>((a, b) -> a.toString().compareTo(b.toString()));
    final List<TopicPartition> revoked = new CopyOnWriteArrayList<>();
    final List<String> values = new CopyOnWriteArrayList<>();
    final List<String> rebalances = new CopyOnWriteArrayList<>();
    private final KafkaConsumer<String, String> consumer;
    private final Thread thread = new Thread(this::run);
    private volatile boolean leaving;
    private volatile RuntimeException failure;

    /** Subscribes to a topic, or to a pattern when it has a wildcard. */
    Member(String topic, KafkaConsumer<String, String> consumer) {
        this.consumer = consumer;
        if (topic.endsWith(".*"))
            consumer.subscribe(Pattern.compile(topic), this);
        else
            consumer.subscribe(List.of(topic), this);
        thread.setDaemon(true);
        thread.start();
    }

    Member(String topic, String group, String... options) {
        this(topic, Clients.inGroup(group, options));
    }

    private void run() {
        try (KafkaConsumer<String, String> closing = consumer) {
            while (!leaving)
                Ages.poll(closing, 100).forEach(record -> values.add(record.value()));
        } catch (WakeupException farewell) {
            // close() has asked for it
        } catch (RuntimeException failed) {
            failure = failed;
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        owned.addAll(partitions);
        rebalances.add("+" + partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        owned.removeAll(partitions);
        revoked.addAll(partitions);
    }

    void waitForCount(int partitions) throws Exception {
        waitForCount(partitions, Tap.WAIT_S);
    }

    void waitForCount(int partitions, int timeoutS) throws Exception {
        Tap.waitUntil(partitions + " partitions, has " + owned, timeoutS, () -> {
            if (failure != null)
                throw failure;
            return owned.size() == partitions;
        });
    }

    void waitForValue(String value) throws Exception {
        Tap.waitUntil(value + " among what was read", () -> values.contains(value));
    }

    @Override
    public void close() throws InterruptedException {
        leaving = true;
        consumer.wakeup();
        thread.join();
    }
}
