/* requests HOST PORT CONNECTIONS DEPTH MILLISECONDS < frame: how many requests a second a broker answers.
 *
 * One fixed frame (length prefix included, read from standard input) is kept in flight DEPTH times on each connection;
 * every answer sends it again. One thread and epoll, so that the program takes little of the machine from the broker.
 * An answer is known by its length prefix alone; all must be as long as the first, or the program fails: an error
 * answer differs in length from success in none of the requests used here, so the caller looks at one answer itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, FRAME_LIMIT = 1 << 16, DEPTH_LIMIT = 256 };

struct connection {
    int fd, filled;
    char *received;
    int64_t sent_ns[DEPTH_LIMIT]; /* a ring: when each request in flight was sent */
    unsigned sent, answered;
};

static char frame[FRAME_LIMIT], burst[FRAME_LIMIT * 8];
static ssize_t frame_size;
static uint32_t answer_size;
static int64_t answers, *delays_ns, delay_limit = 4000000;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *why) {
    fprintf(stderr, "requests: %s (%s)\n", why, strerror(errno));
    exit(1);
}

static void connect_to(struct connection *connection, const char *host, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address))
        fail("cannot connect");
    int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->received = malloc(BUFFER);
}

static void send_requests(struct connection *connection, int count) {
    ssize_t size = frame_size * count;
    int64_t now = now_ns();
    for (int i = 0; i < count; i++)
        connection->sent_ns[connection->sent++ % DEPTH_LIMIT] = now;
    for (ssize_t done = 0; done < size;) {
        ssize_t wrote = send(connection->fd, burst + done, size - done, MSG_NOSIGNAL);
        if (wrote < 0)
            fail("send");
        done += wrote;
    }
}

static int take_answers(struct connection *connection) {
    ssize_t got = recv(connection->fd, connection->received + connection->filled, BUFFER - connection->filled, 0);
    if (got <= 0)
        fail("the broker closed the connection");
    connection->filled += got;
    int at = 0, count = 0;
    int64_t now = now_ns();
    for (uint32_t size; connection->filled - at >= 4; at += 4 + size, count++) {
        memcpy(&size, connection->received + at, 4);
        size = ntohl(size);
        if (!answer_size)
            answer_size = size;
        if (size != answer_size)
            fail("answers differ in length");
        if (connection->filled - at - 4 < (int)size)
            break;
        int64_t delay = now - connection->sent_ns[connection->answered++ % DEPTH_LIMIT];
        if (answers < delay_limit)
            delays_ns[answers] = delay;
        answers++;
    }
    memmove(connection->received, connection->received + at, connection->filled -= at);
    return count;
}

static void run(struct connection *connections, int count, int depth, int64_t until_ns) {
    int epoll = epoll_create1(0);
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event);
        send_requests(&connections[i], depth);
    }
    struct epoll_event ready[256];
    while (now_ns() < until_ns) {
        int events = epoll_wait(epoll, ready, 256, 1000);
        for (int i = 0; i < events; i++) {
            int answered = take_answers(ready[i].data.ptr);
            if (answered)
                send_requests(ready[i].data.ptr, answered);
        }
    }
}

static int by_value(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

int main(int words, char **word) {
    if (words != 6)
        fail("usage: requests HOST PORT CONNECTIONS DEPTH MILLISECONDS < frame");
    int count = atoi(word[3]), depth = atoi(word[4]);
    frame_size = read(0, frame, FRAME_LIMIT);
    if (frame_size < 8 || depth > DEPTH_LIMIT || frame_size * depth > (ssize_t)sizeof burst)
        fail("a frame of 8 bytes to 64 kB, and a depth that fits");
    for (int i = 0; i < depth; i++)
        memcpy(burst + i * frame_size, frame, frame_size);
    delays_ns = malloc(delay_limit * sizeof *delays_ns);
    struct connection *connections = calloc(count, sizeof *connections);
    for (int i = 0; i < count; i++)
        connect_to(&connections[i], word[1], atoi(word[2]));
    int64_t started = now_ns();
    run(connections, count, depth, started + atoll(word[5]) * 1000000);
    double seconds = (now_ns() - started) / 1e9;
    int64_t kept = answers < delay_limit ? answers : delay_limit;
    if (!kept)
        fail("no answer");
    qsort(delays_ns, kept, sizeof *delays_ns, by_value);
    printf("{\"requests_per_s\": %.1f, \"answer_bytes\": %u, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n",
        answers / seconds, answer_size, delays_ns[kept / 2] / 1e3, delays_ns[kept * 99 / 100] / 1e3,
        delays_ns[kept - 1] / 1e3);
    return 0;
}
