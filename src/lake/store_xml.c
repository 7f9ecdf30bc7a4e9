/* Listings and errors of object stores, by expat. Documents with a DTD are refused, so entities
 * cannot be declared; nesting is bounded. */
#include "lake/store_internal.h"

#include <curl/curl.h>
#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_NESTING = 16, MAX_NAME = 40, MAX_TEXT = 64 << 10 };

struct reader {
    XML_Parser parser;
    struct arena *arena;
    struct store_page *page;           /* NULL: only an error's parts are wanted */
    char names[MAX_NESTING][MAX_NAME]; /* of the open elements */
    int depth;
    struct buf text; /* of the innermost one */
    struct lake_entry entry;
    bool encoded;      /* names are percent-encoded: the listing said so */
    bool name_encoded; /* this one: its element said so */
    bool is_listing;
    bool truncated, truncated_known;
    const char *reason; /* NULL: fine so far */
    char *code, *message;
};

static void stop(struct reader *r, const char *reason)
{
    r->reason = reason;
    XML_StopParser(r->parser, XML_FALSE);
}

static bool in(const struct reader *r, int up, const char *name)
{
    int at = r->depth - 1 - up;
    return at >= 0 && strcmp(r->names[at], name) == 0;
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = arg;
    if (r->depth == MAX_NESTING || strlen(name) >= MAX_NAME) {
        stop(r, "it is nested too deeply");
        return;
    }
    snprintf(r->names[r->depth++], MAX_NAME, "%s", name);
    buf_reset(&r->text);
    if (in(r, 0, "Contents") || in(r, 0, "Blob") || in(r, 0, "CommonPrefixes") ||
        in(r, 0, "BlobPrefix"))
        r->entry = (struct lake_entry){.size_bytes = -1};
    if (r->depth == 1)
        r->is_listing = in(r, 0, "ListBucketResult") || in(r, 0, "EnumerationResults");
    r->name_encoded = false;
    for (int i = 0; attributes[i]; i += 2)
        r->name_encoded |=
            strcmp(attributes[i], "Encoded") == 0 && strcmp(attributes[i + 1], "true") == 0;
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
    struct reader *r = arg;
    if (r->text.len + (size_t)len > MAX_TEXT)
        stop(r, "it has a text that is too long");
    else
        buf_put(&r->text, text, (size_t)len);
}

static void XMLCALL on_doctype(void *arg, const XML_Char *a, const XML_Char *b, const XML_Char *c,
                               int d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    stop(arg, "it has a document type");
}

/* 2013-09-17T18:07:53.000Z, or as in mail; 0: not known. */
static int64_t time_ms(const char *text)
{
    static const time_t end_of_9999 = 253402300799;
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t ms = 0;
    if (!end) {
        time_t t = curl_getdate(text, NULL);
        return t < 0 || t > end_of_9999 ? 0 : (int64_t)t * 1000;
    }
    if (*end == '.') {
        int scale = 100;
        for (end++; *end >= '0' && *end <= '9'; end++, scale /= 10)
            ms += (*end - '0') * scale;
    }
    return (int64_t)timegm(&tm) * 1000 + ms;
}

static struct err *decode(struct str name, bool plus, struct arena *arena, struct str *out)
{
    char *copy = arena_strndup(arena, name.data, name.len);
    for (size_t i = 0; plus && i < name.len; i++)
        if (copy[i] == '+')
            copy[i] = ' ';
    return lake_percent_decode(str_make(copy, name.len), arena, out);
}

static void take_name(struct reader *r)
{
    struct str name = buf_str(&r->text);
    if (!r->name_encoded) {
        r->entry.name = arena_str(r->arena, name);
        return;
    }
    struct err *e = decode(name, false, r->arena, &r->entry.name);
    if (e)
        stop(r, "it has a name with bad percent-encoding");
    err_free(e);
}

static void end_entry(struct reader *r, bool folder)
{
    struct store_page *page = r->page;
    if (!folder && !r->entry.is_folder && r->entry.size_bytes < 0) {
        stop(r, "it has an entry without a size");
        return;
    }
    /* A directory that Azure also lists as an object: its prefix tells of it. */
    if (!folder && r->entry.is_folder)
        return;
    r->entry.is_folder = folder;
    ARENA_PUSH(r->arena, page->entries, page->count, page->capacity, r->entry);
}

/* The encoding of names may be told behind them. */
static struct err *check_names(struct reader *r, size_t first)
{
    for (size_t i = first; i < r->page->count; i++) {
        struct lake_entry *entry = &r->page->entries[i];
        if (r->encoded)
            TRY(decode(entry->name, true, r->arena, &entry->name));
        if (!entry->name.len || memchr(entry->name.data, 0, entry->name.len) ||
            (entry->is_folder && entry->name.data[entry->name.len - 1] != '/'))
            return err_new("XX001", "the listing of an object store has an impossible name");
    }
    return NULL;
}

static void end_in_listing(struct reader *r)
{
    const char *text = buf_cstr(&r->text);
    int64_t n;
    if ((in(r, 0, "Key") && in(r, 1, "Contents")) ||
        (in(r, 0, "Prefix") && in(r, 1, "CommonPrefixes")) ||
        (in(r, 0, "Name") && (in(r, 1, "Blob") || in(r, 1, "BlobPrefix")))) {
        take_name(r);
    } else if ((in(r, 0, "Size") && in(r, 1, "Contents")) ||
               (in(r, 0, "Content-Length") && in(r, 1, "Properties"))) {
        r->entry.size_bytes = str_to_int64(buf_str(&r->text), &n) && n >= 0 ? n : -1;
    } else if ((in(r, 0, "LastModified") && in(r, 1, "Contents")) ||
               (in(r, 0, "Last-Modified") && in(r, 1, "Properties"))) {
        r->entry.modified_ms = time_ms(text);
    } else if (in(r, 0, "ResourceType") && in(r, 1, "Properties")) {
        r->entry.is_folder |= strcmp(text, "directory") == 0;
    } else if (r->depth == 2 && in(r, 0, "EncodingType")) {
        r->encoded = strcmp(text, "url") == 0;
    } else if (r->depth == 2 && in(r, 0, "IsTruncated")) {
        r->truncated_known = true;
        r->truncated = strcmp(text, "true") == 0;
    } else if (r->depth == 2 && (in(r, 0, "NextContinuationToken") || in(r, 0, "NextMarker"))) {
        r->page->next = arena_strdup(r->arena, text);
    } else if (in(r, 0, "Contents") || in(r, 0, "Blob")) {
        end_entry(r, false);
    } else if (in(r, 0, "CommonPrefixes") || in(r, 0, "BlobPrefix")) {
        end_entry(r, true);
    }
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
    struct reader *r = arg;
    (void)name;
    if (r->reason)
        return;
    if (r->page && r->is_listing)
        end_in_listing(r);
    else if (r->code && r->depth == 2 && in(r, 0, "Code"))
        snprintf(r->code, 64, "%s", buf_cstr(&r->text));
    else if (r->message && r->depth == 2 && in(r, 0, "Message"))
        snprintf(r->message, 256, "%s", buf_cstr(&r->text));
    buf_reset(&r->text);
    r->depth--;
}

/* False: *r->reason says why. */
static bool parse(struct reader *r, struct str xml)
{
    r->parser = XML_ParserCreate("UTF-8");
    if (!r->parser) {
        r->reason = "out of memory";
        return false;
    }
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    bool ok =
        xml.len <= INT_MAX && XML_Parse(r->parser, xml.data, (int)xml.len, 1) == XML_STATUS_OK;
    if (!ok && !r->reason)
        r->reason = XML_ErrorString(XML_GetErrorCode(r->parser));
    XML_ParserFree(r->parser);
    buf_done(&r->text);
    return ok && !r->reason;
}

struct err *store_parse_page(struct str xml, struct arena *arena, struct store_page *page)
{
    struct reader r = {.arena = arena, .page = page};
    size_t first = page->count;
    page->next = "";
    if (!parse(&r, xml))
        return err_new("XX001", "could not read the listing of an object store: %s", r.reason);
    if (!r.is_listing)
        return err_new("XX001", "the object store did not answer with a listing");
    if (r.truncated_known && !r.truncated)
        page->next = "";
    if (r.truncated && !*page->next)
        return err_new("XX001", "the listing of an object store does not say how it goes on");
    return check_names(&r, first);
}

void store_parse_error(struct str body, char code[64], char message[256])
{
    struct reader r = {.code = code, .message = message};
    code[0] = message[0] = '\0';
    if (body.len && memchr(body.data, '<', body.len) && !parse(&r, body))
        code[0] = message[0] = '\0';
    /* One line; sentences end with a stop. */
    char *end = strpbrk(message, "\r\n");
    if (end)
        *end = '\0';
}
