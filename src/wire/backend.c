/* What the server sends: see wire.h. */
#include "wire/wire.h"

static void put_bare(struct buf *b, char type)
{
    wire_end(b, wire_begin(b, type));
}

void wire_put_string(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s) + 1);
}

void wire_auth_ok(struct buf *b)
{
    size_t at = wire_begin(b, 'R');
    buf_put_be32(b, 0);
    wire_end(b, at);
}

void wire_auth_sasl(struct buf *b, bool plus)
{
    size_t start = wire_begin(b, 'R');
    buf_put_be32(b, 10);
    if (plus)
        wire_put_string(b, "SCRAM-SHA-256-PLUS");
    wire_put_string(b, "SCRAM-SHA-256");
    buf_put_u8(b, 0);
    wire_end(b, start);
}

void wire_auth_sasl_data(struct buf *b, bool final, struct str data)
{
    size_t start = wire_begin(b, 'R');
    buf_put_be32(b, final ? 12 : 11);
    buf_put_str(b, data);
    wire_end(b, start);
}

void wire_parameter_status(struct buf *b, const char *name, const char *value)
{
    size_t at = wire_begin(b, 'S');
    wire_put_string(b, name);
    wire_put_string(b, value);
    wire_end(b, at);
}

void wire_backend_key(struct buf *b, int32_t pid, uint32_t secret)
{
    size_t at = wire_begin(b, 'K');
    buf_put_be32(b, (uint32_t)pid);
    buf_put_be32(b, secret);
    wire_end(b, at);
}

void wire_negotiate_version(struct buf *b, uint32_t minor, const char *const *options, int noptions)
{
    size_t at = wire_begin(b, 'v');
    buf_put_be32(b, 3 << 16 | minor);
    buf_put_be32(b, (uint32_t)noptions);
    for (int i = 0; i < noptions; i++)
        wire_put_string(b, options[i]);
    wire_end(b, at);
}

void wire_ready(struct buf *b, char status)
{
    size_t at = wire_begin(b, 'Z');
    buf_put_u8(b, (uint8_t)status);
    wire_end(b, at);
}

void wire_notification(struct buf *b, int32_t pid, const char *channel, const char *payload)
{
    size_t at = wire_begin(b, 'A');
    buf_put_be32(b, (uint32_t)pid);
    wire_put_string(b, channel);
    wire_put_string(b, payload);
    wire_end(b, at);
}

void wire_command_complete(struct buf *b, const char *tag)
{
    size_t at = wire_begin(b, 'C');
    wire_put_string(b, tag);
    wire_end(b, at);
}

void wire_empty_query(struct buf *b)
{
    put_bare(b, 'I');
}

void wire_parse_complete(struct buf *b)
{
    put_bare(b, '1');
}

void wire_bind_complete(struct buf *b)
{
    put_bare(b, '2');
}

void wire_close_complete(struct buf *b)
{
    put_bare(b, '3');
}

void wire_no_data(struct buf *b)
{
    put_bare(b, 'n');
}

void wire_portal_suspended(struct buf *b)
{
    put_bare(b, 's');
}

void wire_parameter_description(struct buf *b, const uint32_t *types, int ntypes)
{
    size_t at = wire_begin(b, 't');
    buf_put_be16(b, (uint16_t)ntypes);
    for (int i = 0; i < ntypes; i++)
        buf_put_be32(b, types[i]);
    wire_end(b, at);
}

size_t wire_row_description_begin(struct buf *b, int ncols)
{
    size_t at = wire_begin(b, 'T');
    buf_put_be16(b, (uint16_t)ncols);
    return at;
}

void wire_row_description_column(struct buf *b, const char *name, uint32_t table, int16_t att,
                                 uint32_t type, int16_t type_len, int32_t typmod, int16_t format)
{
    wire_put_string(b, name);
    buf_put_be32(b, table);
    buf_put_be16(b, (uint16_t)att);
    buf_put_be32(b, type);
    buf_put_be16(b, (uint16_t)type_len);
    buf_put_be32(b, (uint32_t)typmod);
    buf_put_be16(b, (uint16_t)format);
}

void wire_copy_response(struct buf *b, bool in, int ncols, bool binary)
{
    size_t at = wire_begin(b, in ? 'G' : 'H');
    buf_put_u8(b, binary);
    buf_put_be16(b, (uint16_t)ncols);
    for (int i = 0; i < ncols; i++)
        buf_put_be16(b, binary);
    wire_end(b, at);
}

void wire_copy_data(struct buf *b, struct str bytes)
{
    size_t at = wire_begin(b, 'd');
    buf_put_str(b, bytes);
    wire_end(b, at);
}

void wire_copy_done(struct buf *b)
{
    put_bare(b, 'c');
}

static void put_field(struct buf *b, char code, const char *value)
{
    if (value) {
        buf_put_u8(b, (uint8_t)code);
        wire_put_string(b, value);
    }
}

static void put_number_field(struct buf *b, char code, int value)
{
    if (value > 0) {
        buf_put_u8(b, (uint8_t)code);
        buf_printf(b, "%d", value);
        buf_put_u8(b, 0);
    }
}

static void put_report(struct buf *b, char type, const char *severity, const struct err *e)
{
    size_t at = wire_begin(b, type);
    put_field(b, 'S', severity);
    put_field(b, 'V', severity);
    put_field(b, 'C', e->sqlstate);
    put_field(b, 'M', e->message);
    put_field(b, 'D', e->detail);
    put_field(b, 'H', e->hint);
    put_number_field(b, 'P', e->position);
    put_number_field(b, 'p', e->internal_position);
    put_field(b, 'q', e->internal_query);
    put_field(b, 'W', e->context);
    put_field(b, 's', e->schema_name);
    put_field(b, 't', e->table_name);
    put_field(b, 'c', e->column_name);
    put_field(b, 'd', e->datatype_name);
    put_field(b, 'n', e->constraint_name);
    const char *slash = e->file ? strrchr(e->file, '/') : NULL;
    put_field(b, 'F', slash ? slash + 1 : e->file);
    put_number_field(b, 'L', e->line);
    put_field(b, 'R', e->function);
    buf_put_u8(b, 0);
    wire_end(b, at);
}

void wire_error(struct buf *b, const struct err *e)
{
    static const char *const names[] = {
        [ERR_ERROR] = "ERROR", [ERR_FATAL] = "FATAL", [ERR_PANIC] = "PANIC"};
    put_report(b, 'E', names[e->severity], e);
}

void wire_notice(struct buf *b, const char *severity, const struct err *e)
{
    put_report(b, 'N', severity, e);
}
