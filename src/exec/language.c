/* See language.h. */
#include "exec/language.h"

#include "base/check.h"

#include <string.h>

enum { MAX_LANGUAGES = 4 };

static const struct language *registered[MAX_LANGUAGES];
static int count;

void language_register(const struct language *l)
{
    CHECK(count < MAX_LANGUAGES);
    registered[count++] = l;
}

const struct language *language_by_name(const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(registered[i]->name, name) == 0)
            return registered[i];
    return NULL;
}

const struct language *language_by_oid(uint32_t oid)
{
    for (int i = 0; i < count; i++)
        if (registered[i]->oid == oid)
            return registered[i];
    return NULL;
}
