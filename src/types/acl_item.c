/* aclitem as text: grantee=privileges/grantor, where a star follows what may be granted on. */
#include "types/acl_item.h"

#include "base/bytes.h"
#include "types/types_internal.h"

#include <ctype.h>
#include <string.h>

static const struct {
    char letter;
    const char *name;
} privileges[PRIV_COUNT] = {
    {'a', "INSERT"},   {'r', "SELECT"},       {'w', "UPDATE"},    {'d', "DELETE"},
    {'D', "TRUNCATE"}, {'x', "REFERENCES"},   {'t', "TRIGGER"},   {'X', "EXECUTE"},
    {'U', "USAGE"},    {'C', "CREATE"},       {'T', "TEMPORARY"}, {'c', "CONNECT"},
    {'s', "SET"},      {'A', "ALTER SYSTEM"},
};

const char *privilege_name(int bit)
{
    return privileges[bit].name;
}

char privilege_letter(int bit)
{
    return privileges[bit].letter;
}

bool acl_item_read(struct datum d, struct acl_item *out)
{
    if (d.null || d.len != ACL_ITEM_BYTES)
        return false;
    *out = (struct acl_item){load_le32(d.p), load_le32(d.p + 4), load_le32(d.p + 8)};
    return true;
}

void acl_item_write(const struct acl_item *item, uint8_t out[ACL_ITEM_BYTES])
{
    store_le32(out, item->grantee);
    store_le32(out + 4, item->grantor);
    store_le32(out + 8, item->privs);
}

/* ---- reading ---- */

static struct str skip_space(struct str s)
{
    while (s.len && isspace((unsigned char)s.data[0]))
        s = str_make(s.data + 1, s.len - 1);
    return s;
}

/* A name up to a character that cannot be in one; quoted, anything. */
static struct err *take_name(struct str *s, char out[64])
{
    size_t n = 0;
    bool quoted = false;
    *s = skip_space(*s);
    for (; s->len; *s = str_make(s->data + 1, s->len - 1)) {
        char c = s->data[0];
        if (c == '"' && !(quoted && s->len > 1 && s->data[1] == '"')) {
            quoted = !quoted;
            continue;
        }
        if (!quoted && !isalnum((unsigned char)c) && c != '_' && (unsigned char)c < 128)
            break;
        if (c == '"')
            *s = str_make(s->data + 1, s->len - 1);
        if (n == 63)
            return err_detail(err_new("42602", "identifier too long"),
                              "Identifier must be less than 64 characters.");
        out[n++] = c;
    }
    out[n] = '\0';
    *s = skip_space(*s);
    return NULL;
}

static struct err *take_privileges(struct str *s, uint32_t *privs)
{
    *privs = 0;
    uint32_t last = 0;
    for (; s->len; *s = str_make(s->data + 1, s->len - 1)) {
        char c = s->data[0];
        if (c == '*') {
            *privs |= last << PRIV_OPTIONS;
            continue;
        }
        if (!isalpha((unsigned char)c))
            return NULL;
        last = 0;
        for (int i = 0; i < PRIV_COUNT; i++)
            if (privileges[i].letter == c)
                last = 1u << i;
        if (!last)
            return err_new("22P02", "invalid mode character: must be one of \"arwdDxtXUCTcsA\"");
        *privs |= last;
    }
    return NULL;
}

static struct err *role_of(const struct type_env *env, const char *name, uint32_t *oid)
{
    if (!env || !env->oid_of)
        return err_new("42704", "role \"%s\" does not exist", name);
    /* The name is one already: names of reg* types are read as SQL. */
    struct buf b = BUF_INIT;
    buf_put_u8(&b, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            buf_put_u8(&b, '"');
        buf_put_u8(&b, (uint8_t)*p);
    }
    buf_put_u8(&b, '"');
    struct err *e = env->oid_of(env->names, REGROLE_OID, buf_str(&b), oid);
    buf_done(&b);
    return e;
}

static struct err *aclitem_in(TYPE_IN_PARAMS)
{
    char name[64];
    struct acl_item item = {0};
    TRY(take_name(&text, name));
    if (text.len && text.data[0] != '=') {
        if (strcmp(name, "group") != 0 && strcmp(name, "user") != 0)
            return err_hint(err_new("22P02", "unrecognized key word: \"%s\"", name),
                            "ACL key word must be \"group\" or \"user\".");
        TRY(take_name(&text, name));
        if (!*name)
            return err_hint(err_new("22P02", "missing name"),
                            "A name must follow the \"group\" or \"user\" key word.");
    }
    if (!text.len || text.data[0] != '=')
        return err_new("22P02", "missing \"=\" sign");
    text = str_make(text.data + 1, text.len - 1);
    TRY(take_privileges(&text, &item.privs));
    if (*name)
        TRY(role_of(env, name, &item.grantee));
    if (text.len && text.data[0] == '/') {
        text = str_make(text.data + 1, text.len - 1);
        TRY(take_name(&text, name));
        if (!*name)
            return err_new("22P02", "a name must follow the \"/\" sign");
        TRY(role_of(env, name, &item.grantor));
    } else {
        item.grantor = 10; /* the first superuser */
    }
    if (skip_space(text).len)
        return err_new("22P02", "extra garbage at the end of the ACL specification");
    uint8_t *bytes = arena_alloc(arena, ACL_ITEM_BYTES);
    acl_item_write(&item, bytes);
    *out = datum_bytes((const char *)bytes, ACL_ITEM_BYTES);
    return NULL;
}

/* ---- printing ---- */

/* name_of prints what SQL reads; here a name is quoted only for other characters than letters,
 * digits and _. */
static struct err *put_role(const struct type_env *env, uint32_t oid, struct buf *out)
{
    struct buf name = BUF_INIT;
    bool plain = true;
    if (env && env->name_of)
        TRY(env->name_of(env->names, REGROLE_OID, oid, &name));
    else
        buf_printf(&name, "%u", oid);
    const char *p = buf_cstr(&name);
    size_t n = strlen(p);
    bool quoted = n > 1 && p[0] == '"';
    for (size_t i = quoted; i + quoted < n; i++)
        plain &= isalnum((unsigned char)p[i]) || p[i] == '_' || (unsigned char)p[i] >= 128;
    if (plain && quoted)
        buf_put(out, p + 1, n - 2);
    else
        buf_put(out, p, n);
    buf_done(&name);
    return NULL;
}

static struct err *aclitem_out(TYPE_OUT_PARAMS)
{
    struct acl_item item;
    if (!acl_item_read(d, &item))
        return err_new("XX001", "invalid aclitem");
    if (item.grantee)
        TRY(put_role(env, item.grantee, out));
    buf_put_u8(out, '=');
    for (int i = 0; i < PRIV_COUNT; i++) {
        if (item.privs >> i & 1)
            buf_put_u8(out, (uint8_t)privileges[i].letter);
        if (item.privs >> (i + PRIV_OPTIONS) & 1)
            buf_put_u8(out, '*');
    }
    buf_put_u8(out, '/');
    return put_role(env, item.grantor, out);
}

static struct err *aclitem_recv(TYPE_RECV_PARAMS)
{
    return err_new("42883", "no binary input function available for type aclitem");
}

static struct err *aclitem_send(TYPE_OUT_PARAMS)
{
    return err_new("42883", "no binary output function available for type aclitem");
}

static int aclitem_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    (void)t;
    size_t n = a.len < b.len ? a.len : b.len;
    int c = memcmp(a.p, b.p, n);
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

const struct type_ops aclitem_ops = {
    .oid = ACLITEM_OID,
    .name = "aclitem",
    .len = -1,
    .in = aclitem_in,
    .out = aclitem_out,
    .recv = aclitem_recv,
    .send = aclitem_send,
    .compare = aclitem_compare,
    .hash = bytes_hash,
    .key = bytes_key,
};
