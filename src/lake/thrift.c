#include "lake/thrift.h"

#include "base/bytes.h"

void thrift_init(struct thrift *t, const void *data, size_t len)
{
    *t = (struct thrift){.p = data, .end = (const uint8_t *)data + len};
}

void thrift_fail(struct thrift *t, const char *error)
{
    if (!t->error)
        t->error = error;
    t->p = t->end;
}

static void fail_truncated(struct thrift *t)
{
    if (!t->error)
        t->truncated = true;
    thrift_fail(t, "metadata ends early");
}

static uint8_t read_u8(struct thrift *t)
{
    if (t->p >= t->end) {
        fail_truncated(t);
        return 0;
    }
    return *t->p++;
}

static uint64_t read_varint(struct thrift *t)
{
    uint64_t v = 0;
    size_t n = varint_get(t->p, t->end, &v);
    if (!n) {
        if (t->end - t->p < 10)
            fail_truncated(t);
        else
            thrift_fail(t, "malformed integer in metadata");
        return 0;
    }
    t->p += n;
    return v;
}

static int64_t read_zigzag(struct thrift *t)
{
    uint64_t v = read_varint(t);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

struct thrift_fields thrift_enter(struct thrift *t)
{
    if (++t->depth > THRIFT_MAX_DEPTH)
        thrift_fail(t, "metadata is nested too deeply");
    return (struct thrift_fields){0};
}

bool thrift_next(struct thrift *t, struct thrift_fields *f)
{
    uint8_t head = read_u8(t);
    if (t->error)
        return false;
    if (head == THRIFT_STOP) {
        t->depth--;
        return false;
    }
    uint8_t delta = head >> 4;
    f->type = head & 15;
    if (f->type > THRIFT_STRUCT || f->type == THRIFT_STOP)
        thrift_fail(t, "unknown field type in metadata");
    int64_t id = delta ? f->id + delta : read_zigzag(t);
    if (id < INT16_MIN || id > INT16_MAX)
        thrift_fail(t, "field number out of range in metadata");
    f->id = (int16_t)id;
    return !t->error;
}

static struct str read_binary(struct thrift *t)
{
    uint64_t len = read_varint(t);
    if (len > (uint64_t)(t->end - t->p)) {
        fail_truncated(t);
        len = 0;
    }
    struct str s = str_make(t->p, len);
    t->p += len;
    return s;
}

static uint32_t read_list_head(struct thrift *t, uint8_t *element_type)
{
    uint8_t head = read_u8(t);
    uint64_t count = head >> 4;
    if (count == 15)
        count = read_varint(t);
    *element_type = head & 15;
    if (*element_type > THRIFT_STRUCT || (*element_type == THRIFT_STOP && count))
        thrift_fail(t, "unknown element type in metadata");
    /* Every element takes a byte at least, so that a count never promises more than there is. */
    else if (count > (uint64_t)(t->end - t->p) || count > INT32_MAX)
        fail_truncated(t);
    return t->error ? 0 : (uint32_t)count;
}

static void skip_element(struct thrift *t, uint8_t type);

static void skip_map(struct thrift *t)
{
    uint64_t count = read_varint(t);
    if (!count)
        return;
    uint8_t types = read_u8(t);
    if (count > (uint64_t)(t->end - t->p))
        fail_truncated(t);
    for (uint64_t i = 0; i < count && !t->error; i++) {
        skip_element(t, types >> 4);
        skip_element(t, types & 15);
    }
}

static void skip_container(struct thrift *t, uint8_t type)
{
    if (++t->depth > THRIFT_MAX_DEPTH) {
        thrift_fail(t, "metadata is nested too deeply");
        return;
    }
    if (type == THRIFT_MAP) {
        skip_map(t);
    } else {
        uint8_t element;
        uint32_t count = read_list_head(t, &element);
        for (uint32_t i = 0; i < count && !t->error; i++)
            skip_element(t, element);
    }
    t->depth--;
}

void thrift_skip(struct thrift *t, uint8_t type)
{
    switch ((enum thrift_type)type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE:
        return;
    case THRIFT_BYTE:
        read_u8(t);
        return;
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64:
        read_varint(t);
        return;
    case THRIFT_DOUBLE:
        if (t->end - t->p < 8)
            fail_truncated(t);
        else
            t->p += 8;
        return;
    case THRIFT_BINARY:
        read_binary(t);
        return;
    case THRIFT_LIST:
    case THRIFT_SET:
    case THRIFT_MAP:
        skip_container(t, type);
        return;
    case THRIFT_STRUCT: {
        struct thrift_fields f = thrift_enter(t);
        while (thrift_next(t, &f))
            thrift_skip(t, f.type);
        return;
    }
    case THRIFT_STOP:
        break;
    }
    thrift_fail(t, "unknown field type in metadata");
}

/* A boolean is part of the field head, but an element of its own byte in a container. */
static void skip_element(struct thrift *t, uint8_t type)
{
    if (type == THRIFT_TRUE || type == THRIFT_FALSE)
        read_u8(t);
    else
        thrift_skip(t, type);
}

int64_t thrift_int(struct thrift *t, const struct thrift_fields *f)
{
    if (f->type == THRIFT_BYTE)
        return (int8_t)read_u8(t);
    if (f->type >= THRIFT_I16 && f->type <= THRIFT_I64)
        return read_zigzag(t);
    thrift_fail(t, "metadata field is no integer");
    return 0;
}

int32_t thrift_i32(struct thrift *t, const struct thrift_fields *f)
{
    int64_t v = thrift_int(t, f);
    if (v < INT32_MIN || v > INT32_MAX) {
        thrift_fail(t, "integer out of range in metadata");
        return 0;
    }
    return (int32_t)v;
}

bool thrift_bool(struct thrift *t, const struct thrift_fields *f)
{
    if (f->type != THRIFT_TRUE && f->type != THRIFT_FALSE)
        thrift_fail(t, "metadata field is no boolean");
    return f->type == THRIFT_TRUE;
}

struct str thrift_binary(struct thrift *t, const struct thrift_fields *f)
{
    if (f->type != THRIFT_BINARY) {
        thrift_fail(t, "metadata field is no string");
        return STR("");
    }
    return read_binary(t);
}

uint32_t thrift_list(struct thrift *t, const struct thrift_fields *f, uint8_t *element_type)
{
    if (f->type != THRIFT_LIST && f->type != THRIFT_SET) {
        thrift_fail(t, "metadata field is no list");
        return 0;
    }
    return read_list_head(t, element_type);
}

struct str thrift_binary_element(struct thrift *t)
{
    return read_binary(t);
}

int64_t thrift_int_element(struct thrift *t)
{
    return read_zigzag(t);
}

bool thrift_bool_element(struct thrift *t)
{
    return read_u8(t) == THRIFT_TRUE;
}
