/* What every mode of the load program shares: options, clocks, payloads and librdkafka handles.
 *
 * The program measures the broker, so it does as little of its own as it can: payloads are made once and
 * handed over without copying, only failed deliveries are reported, records are taken in batches.
 * Each mode prints one JSON object on standard output; anything that goes wrong ends the program with
 * status 1 and one line on standard error, so a figure is never printed for a run that failed.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <rdkafka.h>
#include <stdint.h>

/* Options are pairs: --name value. An absent one has its default. */
void options_are(int count, char **arguments);
const char *text_option(const char *name, const char *otherwise);
int64_t number_option(const char *name, int64_t otherwise);

double now_s(void);          /* monotonic */
int64_t now_ns(void);        /* monotonic */
void sleep_until_ns(int64_t when_ns);
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A handle with `--bootstrap` set, plus name/value pairs up to NULL; pairs with a NULL value are skipped. */
rd_kafka_t *new_client(rd_kafka_type_t type, ...);
rd_kafka_t *new_producer(int number);
rd_kafka_t *new_consumer(void);
int64_t failed_deliveries(void);

int partition_count(rd_kafka_t *client, const char *topic);

/* Text with the redundancy of typical JSON (about 2:1 under lz4), `size` bytes from a pool at a moving start. */
const char *payload(int64_t number, int64_t size);

int produce(void);
int consume(void);
int latency(void);

#endif
