/* Connections. A connection lives on one worker; all functions are for that worker's thread, those
 * that MAY YIELD for a fiber on it. One fiber at a time uses a connection.
 *
 * At rest a session has no fiber: the fiber arms the connection (conn_arm) as its last act, and the
 * handler's `readable` runs when bytes or the end of input are there, normally to start a fiber. */
#ifndef TARN_RT_CONN_H
#define TARN_RT_CONN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct worker;

struct conn_handler {
    /* A new connection, on its worker's loop; `arg` is handler_arg. It is not armed yet: call
     * conn_arm or start a fiber. */
    void (*opened)(struct conn *c, void *arg);
    /* Input or its end is there and the connection was armed; it no longer is. In the loop: must
     * not wait. */
    void (*readable)(struct conn *c);
};

struct worker *conn_worker(const struct conn *c);
void conn_set_user(struct conn *c, void *user);
void *conn_user(const struct conn *c);
/* "1.2.3.4" or "::1", NUL-terminated, "" over a Unix-domain socket; the port, then 0. */
const char *conn_peer_address(const struct conn *c);
uint16_t conn_peer_port(const struct conn *c);
/* The same of the side that the client has connected to. */
const char *conn_own_address(const struct conn *c);
uint16_t conn_own_port(const struct conn *c);

/* Asks for one call of `readable`; it comes from the loop even if input is there already. */
void conn_arm(struct conn *c);
/* Takes that back, when something else starts the fiber: what comes meanwhile waits for it. */
void conn_disarm(struct conn *c);
/* Bytes that conn_read would give without waiting. */
size_t conn_pending_bytes(const struct conn *c);
/* The client has gone or shut its side, perhaps with pending bytes still to read. */
bool conn_at_eof(const struct conn *c);

/* Appends what has arrived to `into`, at least one byte; parks when there is nothing. *eof when the
 * client has sent its last byte (nothing appended). Errors: 08006 connection reset, the cancel
 * token's. *timed_out (may be NULL with WAIT_FOREVER) at the deadline. MAY YIELD. */
struct err *conn_read(struct conn *c, struct buf *into, int64_t deadline_ns, bool *eof,
                      bool *timed_out) MUST_CHECK;
/* Sends all; parks while the client does not drain. Only CANCEL_TERMINATE interrupts it (and
 * breaks the stream). Errors: 08006, 57P01. MAY YIELD. */
struct err *conn_write(struct conn *c, const void *data, size_t len) MUST_CHECK;
/* Calls fn(conn, arg) for each open connection of the runtime, on its worker's loop, soon: for
 * shutdown (cancel the session's fiber, or close a connection at rest). Any thread; `arg` must live
 * until runtime_drain or longer. */
struct runtime;
void runtime_each_conn(struct runtime *rt, void (*fn)(struct conn *c, void *arg), void *arg);
/* Closes and frees; no callback comes after it. */
void conn_close(struct conn *c);

#endif
