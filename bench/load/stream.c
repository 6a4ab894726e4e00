/* stream MODE --option value ...: load through librdkafka, as users' clients make it. Modes are listed below. */
#include "client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int version(void) {
    printf("{\"librdkafka\": \"%s\"}\n", rd_kafka_version_str());
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} modes[] = {
    {"produce", produce}, {"consume", consume}, {"latency", latency}, {"version", version},
};

int main(int count, char **arguments) {
    options_are(count - 2, arguments + 2);
    for (size_t i = 0; count > 1 && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(arguments[1], modes[i].name) == 0) {
            int status = modes[i].run();
            fflush(stdout);
            _exit(status); /* handles are not closed one by one: the figure is out, and closing takes seconds */
        }
    fail("usage: stream produce|consume|latency|version [--option value] ...");
}
