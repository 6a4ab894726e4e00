/* produce: `--clients` handles together send `--count` records of `--size` bytes to `--topic`, then flush.
 * With `--spread` records have up to so many bytes more, each another number.
 *
 * The clock starts when every handle knows the topic and stops when the last record is acknowledged.
 * With `--transactional-id` each client wraps `--transaction-records` records in a transaction.
 */
#include "client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct work {
    pthread_t thread;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    int64_t first, count, bytes;
};

static void checked(rd_kafka_error_t *error, const char *what) {
    if (error)
        fail("%s: %s", what, rd_kafka_error_string(error));
}

static void enqueue(struct work *work, int64_t number, int64_t size) {
    void *bytes = (void *)payload(number, size);
    while (rd_kafka_produce(work->topic, RD_KAFKA_PARTITION_UA, 0, bytes, size, NULL, 0, NULL) == -1) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            fail("produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
        rd_kafka_poll(work->client, 5);
    }
}

static void *send_all(void *argument) {
    struct work *work = argument;
    int64_t base = number_option("--size", 1024), spread = number_option("--spread", 0);
    int64_t per_transaction = number_option("--transaction-records", 10000);
    int transactional = text_option("--transactional-id", NULL) != NULL;
    for (int64_t i = 0; i < work->count; i++) {
        if (transactional && i % per_transaction == 0)
            checked(rd_kafka_begin_transaction(work->client), "begin");
        int64_t size = base + (spread ? (work->first + i) * 7919 % (spread + 1) : 0);
        enqueue(work, work->first + i, size);
        work->bytes += size;
        if (transactional && (i % per_transaction == per_transaction - 1 || i == work->count - 1))
            checked(rd_kafka_commit_transaction(work->client, 60000), "commit");
        if (i % 10000 == 0)
            rd_kafka_poll(work->client, 0);
    }
    if (rd_kafka_flush(work->client, 120000))
        fail("flush: not everything was acknowledged within 120 s");
    return NULL;
}

static void prepare(struct work *work, int number, int64_t count) {
    work->client = new_producer(number);
    work->first = number * count;
    work->count = count;
    partition_count(work->client, text_option("--topic", "bench"));
    work->topic = rd_kafka_topic_new(work->client, text_option("--topic", "bench"), NULL);
    if (text_option("--transactional-id", NULL))
        checked(rd_kafka_init_transactions(work->client, 60000), "init_transactions");
}

int produce(void) {
    int64_t clients = number_option("--clients", 1), count = number_option("--count", 100000);
    struct work *works = calloc(clients, sizeof *works);
    for (int i = 0; i < clients; i++)
        prepare(&works[i], i, count / clients);
    double bytes = 0;
    payload(0, number_option("--size", 1024) + number_option("--spread", 0)); /* made before the clock starts */
    double started = now_s();
    for (int i = 0; i < clients; i++)
        pthread_create(&works[i].thread, NULL, send_all, &works[i]);
    for (int i = 0; i < clients; i++) {
        pthread_join(works[i].thread, NULL);
        bytes += works[i].bytes;
    }
    double seconds = now_s() - started;
    if (failed_deliveries())
        fail("%ld deliveries failed", (long)failed_deliveries());
    printf("{\"seconds\": %.6f, \"megabytes\": %.3f, \"megabytes_per_s\": %.3f}\n", seconds, bytes / 1e6,
        bytes / 1e6 / seconds);
    return 0;
}
