/* transactions HOST PORT PRODUCERS MILLISECONDS TOPIC PREFIX: how many short transactions a second a broker commits.
 *
 * Each producer has a connection and a thread, and does what a transactional client must, one after another:
 * AddPartitionsToTxn v3, Produce v9 of one 100-byte record to partition 0, EndTxn v3 (commit). Written by hand because
 * librdkafka waits ten milliseconds of its own in every transaction, which would be all that is seen of a fast broker.
 * CONCURRENT_TRANSACTIONS (the markers of the transaction before are still on their way) is tried again after 1 ms.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONCURRENT_TRANSACTIONS = 51, COORDINATOR_LOADING = 14, COORDINATOR_NOT_AVAILABLE = 15, NOT_COORDINATOR = 16 };
enum { ADD_PARTITIONS = 24, END_TXN = 26, FIND_COORDINATOR = 10, INIT_PRODUCER_ID = 22, PRODUCE = 0 };

struct producer {
    pthread_t thread;
    int fd, sequence, size;
    char id[128];
    int64_t producer_id, done, retries;
    int16_t epoch;
    unsigned char frame[2048], answer[65536];
};

static const char *host, *topic, *prefix;
static int port;
static int64_t until_ns;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what, int code) {
    fprintf(stderr, "transactions: %s (error code %d)\n", what, code);
    exit(1);
}

static void put(struct producer *p, int64_t value, int bytes) {
    while (bytes--)
        p->frame[p->size++] = value >> (8 * bytes);
}

static void put_bytes(struct producer *p, const char *text, size_t size) {
    memcpy(p->frame + p->size, text, size);
    p->size += size;
}

static void put_compact(struct producer *p, const char *text) {
    put(p, strlen(text) + 1, 1); /* names here are shorter than 127 bytes */
    put_bytes(p, text, strlen(text));
}

/* For 128 to 16,383. */
static void put_two_byte_varint(struct producer *p, int value) {
    put(p, (value & 127) | 128, 1);
    put(p, value >> 7, 1);
}

static void begin(struct producer *p, int api, int version, int flexible) {
    p->size = 4;
    put(p, api, 2), put(p, version, 2), put(p, 1, 4), put(p, 5, 2), put_bytes(p, "bench", 5);
    if (flexible)
        put(p, 0, 1);
}

/* Sends the frame and reads the answer, of which `answer` then holds what follows the size. */
static void call(struct producer *p) {
    uint32_t size = htonl(p->size - 4);
    memcpy(p->frame, &size, 4);
    if (send(p->fd, p->frame, p->size, MSG_NOSIGNAL) != p->size || recv(p->fd, &size, 4, MSG_WAITALL) != 4)
        fail("the connection broke", 0);
    size = ntohl(size);
    if (size > sizeof p->answer || recv(p->fd, p->answer, size, MSG_WAITALL) != (ssize_t)size)
        fail("the connection broke", 0);
}

static int code_at(const struct producer *p, int position) {
    return (int16_t)(p->answer[position] << 8 | p->answer[position + 1]);
}

/* As `call`, until the error code at `position` is 0. */
static void call_until_done(struct producer *p, const char *what, int position) {
    for (;; p->retries++) {
        call(p);
        int code = code_at(p, position);
        if (code == 0)
            return;
        if (code != CONCURRENT_TRANSACTIONS && code != COORDINATOR_LOADING && code != COORDINATOR_NOT_AVAILABLE
            && code != NOT_COORDINATOR)
            fail(what, code);
        usleep(1000);
    }
}

static void introduce(struct producer *p) {
    begin(p, FIND_COORDINATOR, 2, 0);
    put(p, strlen(p->id), 2), put_bytes(p, p->id, strlen(p->id)), put(p, 1, 1);
    call_until_done(p, "FindCoordinator", 8);
    begin(p, INIT_PRODUCER_ID, 2, 1);
    put_compact(p, p->id), put(p, 60000, 4), put(p, 0, 1);
    call_until_done(p, "InitProducerId", 9);
    for (int i = 0; i < 8; i++)
        p->producer_id = p->producer_id << 8 | p->answer[11 + i];
    p->epoch = code_at(p, 19);
}

static void add_partition(struct producer *p) {
    begin(p, ADD_PARTITIONS, 3, 1);
    put_compact(p, p->id), put(p, p->producer_id, 8), put(p, p->epoch, 2);
    put(p, 2, 1), put_compact(p, topic), put(p, 2, 1), put(p, 0, 4), put(p, 0, 2);
    call_until_done(p, "AddPartitionsToTxn", 9 + 1 + 1 + strlen(topic) + 1 + 4);
}

static uint32_t crc32c(const unsigned char *data, int size) {
    static uint32_t table[256];
    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; bit++)
                value = value >> 1 ^ (value & 1 ? 0x82F63B78 : 0);
            table[i] = value;
        }
    uint32_t crc = ~0u;
    while (size--)
        crc = crc >> 8 ^ table[(crc ^ *data++) & 255];
    return ~crc;
}

static void produce(struct producer *p) {
    enum { VALUE = 100, RECORD = VALUE + 7, BATCH = 61 + 2 + RECORD };
    begin(p, PRODUCE, 9, 1);
    put_compact(p, p->id), put(p, -1, 2), put(p, 30000, 4);
    put(p, 2, 1), put_compact(p, topic), put(p, 2, 1), put(p, 0, 4);
    put_two_byte_varint(p, BATCH + 1);
    int64_t now_ms = time(NULL) * 1000LL;
    put(p, 0, 8), put(p, BATCH - 12, 4), put(p, -1, 4), put(p, 2, 1);
    int crc = p->size;
    put(p, 0, 4), put(p, 0x10, 2), put(p, 0, 4), put(p, now_ms, 8), put(p, now_ms, 8);
    put(p, p->producer_id, 8), put(p, p->epoch, 2), put(p, p->sequence++, 4), put(p, 1, 4);
    put_two_byte_varint(p, RECORD << 1);
    put(p, 0, 3), put(p, 1, 1), put_two_byte_varint(p, VALUE << 1);
    memset(p->frame + p->size, 'x', VALUE), p->size += VALUE;
    put(p, 0, 1);
    uint32_t sum = htonl(crc32c(p->frame + crc + 4, p->size - crc - 4));
    memcpy(p->frame + crc, &sum, 4);
    put(p, 0, 3);
    call_until_done(p, "Produce", 5 + 1 + 1 + strlen(topic) + 1 + 4);
}

static void commit(struct producer *p) {
    begin(p, END_TXN, 3, 1);
    put_compact(p, p->id), put(p, p->producer_id, 8), put(p, p->epoch, 2), put(p, 1, 1), put(p, 0, 1);
    call_until_done(p, "EndTxn", 9);
}

static void one_transaction(struct producer *p) {
    add_partition(p);
    produce(p);
    commit(p);
}

static void *commit_until(void *argument) {
    struct producer *p = argument;
    for (; now_ns() < until_ns; p->done++)
        one_transaction(p);
    return NULL;
}

static void prepare(struct producer *p, int number) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    p->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(p->fd, (struct sockaddr *)&address, sizeof address))
        fail("cannot connect", 0);
    int on = 1;
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    snprintf(p->id, sizeof p->id, "%s-%d", prefix, number);
    introduce(p);
    one_transaction(p);
    p->retries = 0;
}

int main(int words, char **word) {
    if (words != 7)
        fail("usage: transactions HOST PORT PRODUCERS MILLISECONDS TOPIC PREFIX", 0);
    host = word[1], port = atoi(word[2]), topic = word[5], prefix = word[6];
    int count = atoi(word[3]);
    struct producer *producers = calloc(count, sizeof *producers);
    for (int i = 0; i < count; i++)
        prepare(&producers[i], i);
    int64_t started = now_ns(), total = 0, retries = 0;
    until_ns = started + atoll(word[4]) * 1000000;
    for (int i = 0; i < count; i++)
        pthread_create(&producers[i].thread, NULL, commit_until, &producers[i]);
    for (int i = 0; i < count; i++) {
        pthread_join(producers[i].thread, NULL);
        total += producers[i].done, retries += producers[i].retries;
    }
    double seconds = (now_ns() - started) / 1e9;
    printf("{\"transactions_per_s\": %.1f, \"retries_per_s\": %.1f}\n", total / seconds, retries / seconds);
    return 0;
}
