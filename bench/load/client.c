#include "client.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int option_count;
static char **option_words;
static atomic_long failures;

void options_are(int count, char **arguments) {
    option_count = count;
    option_words = arguments;
}

const char *text_option(const char *name, const char *otherwise) {
    for (int i = 0; i + 1 < option_count; i += 2)
        if (strcmp(option_words[i], name) == 0)
            return option_words[i + 1];
    return otherwise;
}

int64_t number_option(const char *name, int64_t otherwise) {
    const char *text = text_option(name, NULL);
    return text ? atoll(text) : otherwise;
}

int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

double now_s(void) { return now_ns() / 1e9; }

void sleep_until_ns(int64_t when_ns) {
    struct timespec t = {when_ns / 1000000000LL, when_ns % 1000000000LL};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        fail("%s=%s: %s", name, value, why);
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client, (void)opaque;
    if (message->err && atomic_fetch_add(&failures, 1) == 0)
        fprintf(stderr, "delivery failed: %s\n", rd_kafka_err2str(message->err));
}

int64_t failed_deliveries(void) { return failures; }

static rd_kafka_t *create(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
    char why[512];
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (!client)
        fail("client: %s", why);
    return client;
}

rd_kafka_t *new_client(rd_kafka_type_t type, ...) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", text_option("--bootstrap", "127.0.0.1:9092"));
    set(conf, "log_level", "4");
    set(conf, "enable.metrics.push", "false");
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    va_list pairs;
    va_start(pairs, type);
    for (const char *name = va_arg(pairs, const char *); name; name = va_arg(pairs, const char *)) {
        const char *value = va_arg(pairs, const char *);
        if (value)
            set(conf, name, value);
    }
    va_end(pairs);
    return create(type, conf);
}

rd_kafka_t *new_producer(int number) {
    char id[64];
    const char *transactional = text_option("--transactional-id", NULL);
    if (transactional)
        snprintf(id, sizeof id, "%s-%d", transactional, number);
    return new_client(RD_KAFKA_PRODUCER,
        "acks", text_option("--acks", transactional ? "all" : "1"),
        "linger.ms", text_option("--linger-ms", "5"),
        "compression.type", text_option("--compression", "none"),
        "enable.idempotence", transactional ? "true" : text_option("--idempotence", "false"),
        "transactional.id", transactional ? id : NULL,
        "max.in.flight", text_option("--in-flight", NULL),
        "message.max.bytes", "2000000",
        "queue.buffering.max.messages", "1000000",
        "queue.buffering.max.kbytes", "262144",
        "delivery.report.only.error", "true",
        NULL);
}

rd_kafka_t *new_consumer(void) {
    rd_kafka_t *client = new_client(RD_KAFKA_CONSUMER,
        "group.id", text_option("--group", "bench-no-commits"),
        "enable.auto.commit", "false",
        "auto.offset.reset", "earliest",
        "isolation.level", text_option("--isolation", "read_uncommitted"),
        "fetch.wait.max.ms", text_option("--fetch-wait-ms", "500"),
        NULL);
    rd_kafka_poll_set_consumer(client);
    return client;
}

int partition_count(rd_kafka_t *client, const char *topic) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle, &metadata, 10000);
    if (error)
        fail("metadata of %s: %s", topic, rd_kafka_err2str(error));
    int count = metadata->topics[0].partition_cnt;
    if (count == 0)
        fail("topic %s: %s", topic, rd_kafka_err2str(metadata->topics[0].err));
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return count;
}

enum { POOL = 1 << 20, MOVE = 997 };

const char *payload(int64_t number, int64_t size) {
    static char *pool;
    static int64_t pool_size;
    if (!pool) {
        static const char *words[] = {"{\"order\":", "\"customer\":", "\"amount\":", "null,", "true,", "17.50,"};
        pool_size = POOL + size;
        pool = malloc(pool_size + 32);
        unsigned seed = 7;
        for (int64_t at = 0; at < pool_size;)
            at += rand_r(&seed) % 2 ? sprintf(pool + at, "%s", words[rand_r(&seed) % 6])
                                    : sprintf(pool + at, "%08x", (unsigned)rand_r(&seed));
    }
    return pool + number * MOVE % (pool_size - size);
}
