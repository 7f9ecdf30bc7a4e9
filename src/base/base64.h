/* Base64 (RFC 4648) without line breaks. Any thread, no yield. */
#ifndef TARN_BASE_BASE64_H
#define TARN_BASE_BASE64_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

/* Appends the bytes in the standard alphabet, padded. */
void base64_put(struct buf *out, struct str bytes);
/* In the alphabet for URLs and file names, without padding. */
void base64_put_url(struct buf *out, struct str bytes);
/* Appends what the text stands for: standard, padded, not empty. False when it is no such text;
 * then `out` may have some of it. */
bool base64_get(struct str text, struct buf *out);

#endif
