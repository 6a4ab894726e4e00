/* latency: records of `--size` bytes at `--rate` a second for `--seconds`, from a producer's call to a consumer's hand.
 *
 * A record carries the moment it was due, not the moment it was sent: a broker (or producer) that stalls makes every
 * record due meanwhile late, as it would for a user. The first `--warm-up-s` seconds are sent and not counted.
 */
#include "client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct schedule {
    int64_t start_ns, interval_ns, skip, count;
};

static void *send_on_time(void *argument) {
    const struct schedule *schedule = argument;
    int64_t size = number_option("--size", 100);
    rd_kafka_t *client = new_producer(0);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, text_option("--topic", "bench"), NULL);
    partition_count(client, text_option("--topic", "bench"));
    char *record = malloc(size);
    memcpy(record, payload(0, size), size);
    for (int64_t i = 0; i < schedule->count; i++) {
        int64_t due_ns = schedule->start_ns + i * schedule->interval_ns;
        if (due_ns > now_ns())
            sleep_until_ns(due_ns);
        memcpy(record, &due_ns, sizeof due_ns);
        if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, record, size, NULL, 0, NULL) == -1)
            fail("produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
        if (i % 256 == 0)
            rd_kafka_poll(client, 0);
    }
    if (rd_kafka_flush(client, 60000) || failed_deliveries())
        fail("not every record was acknowledged");
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    return NULL;
}

static rd_kafka_t *consumer_at_the_end(const char *topic) {
    rd_kafka_t *client = new_consumer();
    int count = partition_count(client, topic);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(all, topic, i)->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_assign(client, all);
    rd_kafka_topic_partition_list_destroy(all);
    return client;
}

static int by_value(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static double quantile_ms(const int64_t *sorted, int64_t count, double q) {
    return sorted[(int64_t)(q * (count - 1))] / 1e6;
}

static void receive(rd_kafka_t *client, const struct schedule *schedule, int64_t *delays_ns) {
    int64_t heard_ns = now_ns();
    for (int64_t got = 0; got < schedule->count;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 100);
        if (message && !message->err) {
            int64_t due_ns;
            memcpy(&due_ns, message->payload, sizeof due_ns);
            heard_ns = now_ns();
            delays_ns[got++] = heard_ns - due_ns;
        }
        if (message)
            rd_kafka_message_destroy(message);
        if (now_ns() - heard_ns > 30000000000LL)
            fail("latency: %ld of %ld records, then silence", (long)got, (long)schedule->count);
    }
}

int latency(void) {
    int64_t rate = number_option("--rate", 1000), warm_up_s = number_option("--warm-up-s", 2);
    struct schedule schedule = {.interval_ns = 1000000000LL / rate, .skip = rate * warm_up_s};
    schedule.count = schedule.skip + rate * number_option("--seconds", 5);
    int64_t *delays_ns = malloc(schedule.count * sizeof *delays_ns);
    rd_kafka_t *client = consumer_at_the_end(text_option("--topic", "bench"));
    schedule.start_ns = now_ns() + 1500000000LL; /* the consumer is in place, and waits, by then */
    pthread_t sender;
    pthread_create(&sender, NULL, send_on_time, &schedule);
    receive(client, &schedule, delays_ns);
    pthread_join(sender, NULL);
    int64_t *counted = delays_ns + schedule.skip, count = schedule.count - schedule.skip;
    qsort(counted, count, sizeof *counted, by_value);
    printf("{\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f, \"records\": %ld}\n",
        quantile_ms(counted, count, 0.5), quantile_ms(counted, count, 0.99), quantile_ms(counted, count, 0.999),
        counted[count - 1] / 1e6, (long)count);
    return 0;
}
