/* How an object store lets us in: what a storage credential says. */
#ifndef TARN_LAKE_ACCESS_H
#define TARN_LAKE_ACCESS_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unity_grant;

enum lake_access_type { LAKE_S3, LAKE_AZURE, LAKE_GCS };

struct lake_option {
    const char *name;
    const char *value;
};

/* Options are in memory of the caller, also while a store that was opened with them lives. */
struct lake_access {
    const char *name; /* of the credential, for messages */
    enum lake_access_type type;
    const struct lake_option *options;
    size_t count;
    /* Of credentials that a catalog vends: who gives new ones, and until when these hold. */
    const struct unity_grant *grant; /* NULL: they hold on */
    int64_t expires_ms;              /* since the epoch; 0: not said */
};

/* By the names s3, azure, gcs in any case; false for another one. */
bool lake_access_type_by_name(const char *name, enum lake_access_type *out);
const char *lake_access_type_name(enum lake_access_type type);
/* 22023 for an unknown option, a value that makes no sense, and for options that are no complete
 * way in or more than one. Messages have no values of secrets. */
struct err *lake_access_check(const struct lake_access *access) MUST_CHECK;
/* Whether the option is never shown. */
bool lake_access_is_secret(enum lake_access_type type, const char *option);
/* NULL: not given; a NULL access gives none. */
const char *lake_access_get(const struct lake_access *access, const char *option);

#endif
