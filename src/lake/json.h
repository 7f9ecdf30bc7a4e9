/* Values as JSON text: how nested values reach jsonb columns.
 *
 * long and decimal: numbers with every digit and scale; float and double: the shortest digits that
 * read back, NaN and infinities as strings; binary: base64; date "2026-01-31"; timestamp
 * "2026-01-31T23:59:59.123456Z" in UTC, timestamp_ntz without the Z, no fraction when zero; list:
 * array; struct: object; map: object when its keys are strings, else array of {"key","value"}. */
#ifndef TARN_LAKE_JSON_H
#define TARN_LAKE_JSON_H

#include "base/buf.h"
#include "base/str.h"
#include "lake/batch.h"

#include <stdint.h>

/* Appends row `row` of the vector; "null" for NULL. Failure is the buffer's (buf_finish). */
void lake_json_value(const struct lake_vec *vec, uint32_t row, struct buf *out);

/* The pieces, for other renderings. Text without quotes. */
void lake_put_json_string(struct buf *out, struct str s); /* with quotes and escapes */
void lake_put_date(struct buf *out, int32_t days);
void lake_put_timestamp(struct buf *out, int64_t value, enum lake_unit unit, bool all_digits,
                        bool zulu);
void lake_put_time(struct buf *out, int64_t value, enum lake_unit unit, bool all_digits);
void lake_put_decimal(struct buf *out, __int128 unscaled, int scale);
void lake_put_float(struct buf *out, float v); /* "NaN", "Infinity", "-Infinity", "-0" */
void lake_put_double(struct buf *out, double v);
/* A number, or text in quotes when it is not finite; `single`: a float. */
void lake_put_json_real(struct buf *out, double v, bool single);
void lake_put_hex(struct buf *out, struct str bytes);

#endif
