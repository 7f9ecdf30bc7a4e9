/* Functions as they are called with strings of a collation of ICU's, and those that a
 * nondeterministic one does not work with. */
#include "exec/functions/fn_internal.h"

#include "types/collation.h"

static struct err *map_case(struct fn_call *c, enum collation_case how, struct datum *out)
{
    struct str mapped;
    TRY(collation_map_case(c->collation, how, ARG_STR(0), c->arena, &mapped));
    *out = datum_str(mapped);
    return NULL;
}

FN(lower)
{
    return map_case(c, COLLATION_LOWER, out);
}

FN(upper)
{
    return map_case(c, COLLATION_UPPER, out);
}

FN(initcap)
{
    return map_case(c, COLLATION_TITLE, out);
}

/* ILIKE folds both sides as lower() does. */
static struct err *like_folded(struct fn_call *c, const char *like, struct datum *out)
{
    struct str s[2];
    struct datum args[2];
    struct fn_call folded = *c;
    for (int i = 0; i < 2; i++) {
        TRY(collation_map_case(c->collation, COLLATION_LOWER, ARG_STR(i), c->arena, &s[i]));
        args[i] = datum_str(s[i]);
    }
    folded.args = args;
    return fn_lookup(like)(&folded, out);
}

FN(iclike)
{
    return like_folded(c, "textlike", out);
}

FN(icnlike)
{
    return like_folded(c, "textnlike", out);
}

/* ---- by name ---- */

enum { ORDER = 1, EQUALITY = 2 };

static const struct collated_fn {
    const char *prosrc;
    const char *as; /* the function that compares by the type's operations; NULL: own */
    int what;       /* ORDER, EQUALITY; 0: neither */
    fn_impl own;    /* NULL: as ever */
} functions[] = {
    {"texteq", "array_eq", EQUALITY, NULL},
    {"textne", "array_ne", EQUALITY, NULL},
    {"text_lt", "array_lt", ORDER, NULL},
    {"text_le", "array_le", ORDER, NULL},
    {"text_gt", "array_gt", ORDER, NULL},
    {"text_ge", "array_ge", ORDER, NULL},
    {"bttextcmp", "btarraycmp", ORDER, NULL},
    {"text_larger", "array_larger", ORDER, NULL},
    {"text_smaller", "array_smaller", ORDER, NULL},
    {"bpchareq", "array_eq", EQUALITY, NULL},
    {"bpcharne", "array_ne", EQUALITY, NULL},
    {"bpcharlt", "array_lt", ORDER, NULL},
    {"bpcharle", "array_le", ORDER, NULL},
    {"bpchargt", "array_gt", ORDER, NULL},
    {"bpcharge", "array_ge", ORDER, NULL},
    {"bpcharcmp", "btarraycmp", ORDER, NULL},
    {"bpchar_larger", "array_larger", ORDER, NULL},
    {"bpchar_smaller", "array_smaller", ORDER, NULL},
    {"nameeq", "array_eq", EQUALITY, NULL},
    {"namene", "array_ne", EQUALITY, NULL},
    {"namelt", "array_lt", ORDER, NULL},
    {"namele", "array_le", ORDER, NULL},
    {"namegt", "array_gt", ORDER, NULL},
    {"namege", "array_ge", ORDER, NULL},
    {"btnamecmp", "btarraycmp", ORDER, NULL},
    {"nameeqtext", "array_eq", EQUALITY, NULL},
    {"namenetext", "array_ne", EQUALITY, NULL},
    {"namelttext", "array_lt", ORDER, NULL},
    {"nameletext", "array_le", ORDER, NULL},
    {"namegttext", "array_gt", ORDER, NULL},
    {"namegetext", "array_ge", ORDER, NULL},
    {"btnametextcmp", "btarraycmp", ORDER, NULL},
    {"texteqname", "array_eq", EQUALITY, NULL},
    {"textnename", "array_ne", EQUALITY, NULL},
    {"textltname", "array_lt", ORDER, NULL},
    {"textlename", "array_le", ORDER, NULL},
    {"textgtname", "array_gt", ORDER, NULL},
    {"textgename", "array_ge", ORDER, NULL},
    {"bttextnamecmp", "btarraycmp", ORDER, NULL},
    {"lower", NULL, 0, f_lower},
    {"upper", NULL, 0, f_upper},
    {"initcap", NULL, 0, f_initcap},
    {"texticlike", NULL, 0, f_iclike},
    {"texticnlike", NULL, 0, f_icnlike},
    {"nameiclike", NULL, 0, f_iclike},
    {"nameicnlike", NULL, 0, f_icnlike},
    {"bpchariclike", NULL, 0, f_iclike},
    {"bpcharicnlike", NULL, 0, f_icnlike},
};

/* What nondeterministic collations do not do, by how the function's name begins. */
static const char *refused(struct str prosrc)
{
    static const char *const families[][2] = {
        {"textlike", "LIKE"},
        {"textnlike", "LIKE"},
        {"namelike", "LIKE"},
        {"namenlike", "LIKE"},
        {"bpcharlike", "LIKE"},
        {"bpcharnlike", "LIKE"},
        {"texticlike", "ILIKE"},
        {"texticnlike", "ILIKE"},
        {"nameiclike", "ILIKE"},
        {"nameicnlike", "ILIKE"},
        {"bpchariclike", "ILIKE"},
        {"bpcharicnlike", "ILIKE"},
        {"textregex", "regular expressions"},
        {"texticregex", "regular expressions"},
        {"nameregex", "regular expressions"},
        {"nameicregex", "regular expressions"},
        {"bpcharregex", "regular expressions"},
        {"bpcharicregex", "regular expressions"},
        {"regexp_", "regular expressions"},
        {"textpos", "substring searches"},
        {"text_starts_with", "substring searches"},
        {"split_part", "substring searches"},
        {"replace_text", "substring searches"},
        {"text_to_array", "substring searches"},
        {"text_to_table", "substring searches"},
        {"hashtext", "hash functions"},
        {"hashbpchar", "hash functions"},
        {"hash_array", "hash functions"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(families); i++)
        if (str_starts_with(prosrc, str_from(families[i][0])))
            return families[i][1];
    return NULL;
}

const char *fn_collation_use(struct str prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(functions); i++)
        if (str_eq_c(prosrc, functions[i].prosrc))
            return functions[i].what               ? "string comparison"
                   : functions[i].own == f_lower   ? "lower() function"
                   : functions[i].own == f_upper   ? "upper() function"
                   : functions[i].own == f_initcap ? "initcap() function"
                                                   : "ILIKE";
    return NULL;
}

struct err *fn_collated(struct str prosrc, uint32_t collation, fn_impl *fn)
{
    bool deterministic = !collation_is_nondeterministic(collation);
    const char *never = deterministic ? NULL : refused(prosrc);
    if (never)
        return err_new("0A000", "nondeterministic collations are not supported for %s", never);
    for (size_t i = 0; i < ARRAY_LENGTH(functions); i++) {
        const struct collated_fn *f = &functions[i];
        if (!str_eq_c(prosrc, f->prosrc))
            continue;
        if (f->own)
            *fn = f->own;
        else if (f->what == ORDER || !deterministic)
            *fn = fn_lookup(f->as);
    }
    return NULL;
}
