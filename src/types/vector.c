#include "types/vector.h"

#include "types/numeric.h"

static size_t width(enum vector_form form)
{
    switch (form) {
    case VECTOR_NULLS:
    case VECTOR_PRESENCE:
        return 0;
    case VECTOR_DATUMS:
        return sizeof(struct datum);
    case VECTOR_BOOL:
        return 1;
    case VECTOR_I32:
    case VECTOR_F32:
        return 4;
    case VECTOR_I64:
    case VECTOR_F64:
    case VECTOR_SCALED64:
        return 8;
    case VECTOR_SCALED:
    case VECTOR_BYTES:
        return 16;
    }
    UNREACHABLE();
}

struct datum vector_get(const struct vector *c, size_t row, struct arena *arena)
{
    if (c->valid && !c->valid[row])
        return datum_null();
    switch (c->form) {
    case VECTOR_NULLS:
        return datum_null();
    case VECTOR_DATUMS:
        return c->datums[row];
    case VECTOR_BOOL:
        return datum_bool(c->bools[row]);
    case VECTOR_I32:
        return datum_int(c->i32[row] + c->shift);
    case VECTOR_I64:
        return datum_int(c->i64[row] + c->shift);
    case VECTOR_F32:
        return datum_f32(c->f32[row]);
    case VECTOR_F64:
        return datum_f64(c->f64[row]);
    case VECTOR_SCALED64:
        return numeric_from_scaled(c->i64[row], c->scale, arena);
    case VECTOR_SCALED:
        return numeric_from_scaled(c->i128[row], c->scale, arena);
    case VECTOR_BYTES:
        return datum_str(c->bytes[row]);
    case VECTOR_PRESENCE:
        break;
    }
    UNREACHABLE();
}

struct vector vector_from(struct vector c, size_t rows)
{
    if (c.valid)
        c.valid += rows;
    if (c.data)
        c.data = (const uint8_t *)c.data + rows * width(c.form);
    return c;
}

size_t vector_count_values(const struct vector *c, size_t count)
{
    size_t sum = 0;
    if (c->form == VECTOR_NULLS)
        return 0;
    if (c->form == VECTOR_DATUMS) {
        for (size_t i = 0; i < count; i++)
            sum += !c->datums[i].null;
        return sum;
    }
    if (!c->valid)
        return count;
    for (size_t i = 0; i < count; i++)
        sum += c->valid[i] != 0;
    return sum;
}

void vectors_of_row(const struct datum *row, size_t ncolumns, struct vector *out)
{
    for (size_t i = 0; i < ncolumns; i++)
        out[i] = (struct vector){.form = VECTOR_DATUMS, .datums = &row[i]};
}
