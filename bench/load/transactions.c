/* transactions: `--clients` producers each commit transactions of `--transaction-records` 100-byte records, one after
 * another, for `--seconds`. Prints transactions per second of all together, and one transaction's median time.
 */
#include "client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct work {
    pthread_t thread;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    double until_s;
    int64_t done;
};

static void checked(rd_kafka_error_t *error, const char *what) {
    if (error)
        fail("%s: %s", what, rd_kafka_error_string(error));
}

static void one_transaction(struct work *work, int64_t records, int64_t size) {
    checked(rd_kafka_begin_transaction(work->client), "begin");
    for (int64_t i = 0; i < records; i++) {
        void *bytes = (void *)payload(work->done + i, size);
        if (rd_kafka_produce(work->topic, RD_KAFKA_PARTITION_UA, 0, bytes, size, NULL, 0, NULL) == -1)
            fail("produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
    }
    checked(rd_kafka_commit_transaction(work->client, 60000), "commit");
    work->done++;
}

static void *commit_until(void *argument) {
    struct work *work = argument;
    int64_t records = number_option("--transaction-records", 1), size = number_option("--size", 100);
    while (now_s() < work->until_s)
        one_transaction(work, records, size);
    return NULL;
}

int transactions(void) {
    int64_t clients = number_option("--clients", 1), total = 0;
    double seconds = number_option("--seconds", 5);
    struct work *works = calloc(clients, sizeof *works);
    for (int i = 0; i < clients; i++) {
        works[i].client = new_producer(i);
        works[i].topic = rd_kafka_topic_new(works[i].client, text_option("--topic", "bench"), NULL);
        checked(rd_kafka_init_transactions(works[i].client, 60000), "init_transactions");
        one_transaction(&works[i], 1, 100);
        works[i].done = 0;
    }
    double started = now_s();
    for (int i = 0; i < clients; i++) {
        works[i].until_s = started + seconds;
        pthread_create(&works[i].thread, NULL, commit_until, &works[i]);
    }
    for (int i = 0; i < clients; i++) {
        pthread_join(works[i].thread, NULL);
        total += works[i].done;
    }
    double took = now_s() - started;
    printf("{\"transactions_per_s\": %.3f, \"transactions\": %ld, \"seconds\": %.3f}\n", total / took, (long)total, took);
    return 0;
}
