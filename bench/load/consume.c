/* consume: `--clients` consumers each read `--count` records of `--topic` from its beginning, all partitions assigned.
 *
 * The clock starts at the assignment, so finding the leader and the offsets counts, and stops when each has its count.
 */
#include "client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 10000, SILENCE_S = 30 };

struct work {
    pthread_t thread;
    rd_kafka_t *client;
    int64_t count, bytes;
};

static void assign_everything(rd_kafka_t *client, const char *topic) {
    int count = partition_count(client, topic);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(all, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t error = rd_kafka_assign(client, all);
    if (error)
        fail("assign: %s", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(all);
}

static int64_t take(rd_kafka_queue_t *queue, rd_kafka_message_t **messages, int64_t *bytes) {
    ssize_t got = rd_kafka_consume_batch_queue(queue, 100, messages, BATCH);
    int64_t records = 0;
    for (ssize_t i = 0; i < got; i++) {
        if (messages[i]->err && messages[i]->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
            fail("consume: %s", rd_kafka_message_errstr(messages[i]));
        records += !messages[i]->err;
        *bytes += messages[i]->len;
        rd_kafka_message_destroy(messages[i]);
    }
    return records;
}

static void *read_all(void *argument) {
    struct work *work = argument;
    assign_everything(work->client, text_option("--topic", "bench"));
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(work->client);
    rd_kafka_message_t **messages = malloc(BATCH * sizeof *messages);
    double heard = now_s();
    for (int64_t read = 0; read < work->count;) {
        int64_t records = take(queue, messages, &work->bytes);
        read += records;
        if (records)
            heard = now_s();
        else if (now_s() - heard > SILENCE_S)
            fail("consume: %ld of %ld records, then %d s of silence", (long)read, (long)work->count, SILENCE_S);
    }
    rd_kafka_queue_destroy(queue);
    free(messages);
    return NULL;
}

int consume(void) {
    int64_t clients = number_option("--clients", 1);
    struct work *works = calloc(clients, sizeof *works);
    for (int i = 0; i < clients; i++) {
        works[i].client = new_consumer();
        works[i].count = number_option("--count", 100000);
        partition_count(works[i].client, text_option("--topic", "bench"));
    }
    double started = now_s();
    int64_t bytes = 0;
    for (int i = 0; i < clients; i++)
        pthread_create(&works[i].thread, NULL, read_all, &works[i]);
    for (int i = 0; i < clients; i++) {
        pthread_join(works[i].thread, NULL);
        bytes += works[i].bytes;
    }
    double seconds = now_s() - started;
    printf("{\"seconds\": %.6f, \"megabytes\": %.3f, \"megabytes_per_s\": %.3f}\n", seconds, bytes / 1e6,
        bytes / 1e6 / seconds);
    return 0;
}
