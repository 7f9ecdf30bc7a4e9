/* COPY over the session's connection. */
#include "server/server_internal.h"

#include "exec/copy.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>

static struct err *begin(void *arg, bool in, int ncols, bool binary)
{
    struct backend *b = arg;
    wire_copy_response(backend_out(b), in, ncols, binary);
    return in ? backend_flush(b) : NULL;
}

static struct err *read_piece(void *arg, struct str *piece, bool *end)
{
    struct backend *b = arg;
    struct wire_frame f;
    bool eof;
    const char *message;
    *end = false;
    for (;;) {
        TRY(backend_read_message(b, &f, &eof));
        if (eof)
            return err_fatal(
                err_new("08006", "unexpected EOF on client connection with an open transaction"));
        switch (f.type) {
        case 'd':
            *piece = f.body;
            return NULL;
        case 'c':
            *end = true;
            return NULL;
        case 'f':
            TRY(wire_string_parse(f.body, &message, NULL));
            return err_new("57014", "COPY from stdin failed: %s", message);
        case 'H':
        case 'S':
            break; /* as the protocol wants it, ignored */
        default:
            return err_fatal(err_new("08P01",
                                     "unexpected message type 0x%02X during COPY from stdin",
                                     (unsigned char)f.type));
        }
    }
}

static struct err *write_line(void *arg, struct str line)
{
    struct backend *b = arg;
    wire_copy_data(backend_out(b), line);
    return backend_out(b)->len >= FLUSH_BYTES ? backend_flush(b) : NULL;
}

struct err *run_copy(struct backend *b, struct run *r)
{
    const struct copy_io io = {.arg = b, .begin = begin, .read = read_piece, .write = write_line};
    const PgQuery__CopyStmt *stmt = r->raw->tree->copy_stmt;
    bool from = stmt->is_from;
    uint64_t rows = 0;
    if (!b->conn)
        return err_unsupported("COPY is not supported here");
    TRY(xact_open(b));
    if (from && b->xact.read_only)
        return err_new("25006", "cannot execute COPY FROM in a read-only transaction");
    TRY(copy_run(&b->base, r->raw, &io, &rows));
    if (!from && copy_is_with_client(stmt))
        wire_copy_done(backend_out(b));
    snprintf(r->tag, sizeof(r->tag), "COPY %llu", (unsigned long long)rows);
    return NULL;
}
