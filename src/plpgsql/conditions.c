#include "plpgsql/plpgsql_internal.h"

static const struct {
    const char *name;
    const char *sqlstate;
} conditions[] = {
#include "plpgsql/conditions.inc"
};

const char *pl_condition_sqlstate(const char *name, int nth)
{
    for (size_t i = 0; i < ARRAY_LENGTH(conditions); i++)
        if (strcmp(conditions[i].name, name) == 0 && nth-- == 0)
            return conditions[i].sqlstate;
    return NULL;
}
