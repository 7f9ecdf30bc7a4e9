#include "exec/explain_format.h"

#include <stdio.h>
#include <string.h>

/* ---- text ---- */

static void spaces(struct buf *out, int n)
{
    for (int i = 0; i < n; i++)
        buf_put_u8(out, ' ');
}

static void text_list(struct buf *out, const struct explain_prop *p)
{
    for (int i = 0; i < p->nitems; i++)
        buf_printf(out, "%s%s", i ? ", " : "", p->items[i]);
}

static void text_prop(struct buf *out, int depth, const struct explain_prop *p)
{
    spaces(out, depth);
    if (p->label)
        buf_printf(out, "%s: ", p->label);
    if (p->value)
        buf_put_c(out, p->value);
    else
        text_list(out, p);
    buf_put_u8(out, '\n');
}

/* A line in front ("CTE x") moves the node below it to the right. */
static void text_node(struct buf *out, const struct explain_node *n, int depth, bool first)
{
    if (n->heading) {
        spaces(out, depth);
        buf_printf(out, "%s\n", n->heading);
        depth += 2;
    }
    spaces(out, depth);
    buf_printf(out, "%s%s%s\n", first ? "" : "->  ", n->title, n->numbers);
    int inner = depth + (first ? 2 : 6);
    for (int i = 0; i < n->nprops; i++)
        if (n->props[i].text)
            text_prop(out, inner, &n->props[i]);
    for (int i = 0; i < n->nkids; i++)
        text_node(out, n->kids[i], inner, false);
}

/* ---- JSON ---- */

static void json_string(struct buf *out, const char *s)
{
    buf_put_u8(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n')
            buf_put_c(out, "\\n");
        else if (c == '\t')
            buf_put_c(out, "\\t");
        else if (c < ' ')
            buf_printf(out, "\\u%04x", c);
        else
            buf_put_u8(out, c);
    }
    buf_put_u8(out, '"');
}

static void json_next(struct buf *out, int depth, bool *first)
{
    buf_put_c(out, *first ? "\n" : ",\n");
    spaces(out, depth);
    *first = false;
}

static void json_props(struct buf *out, int depth, const struct explain_prop *props, int n,
                       bool *first);

static void json_value(struct buf *out, int depth, const struct explain_prop *p)
{
    bool first = true;
    if (p->group) {
        buf_put_c(out, "[\n    ]");
    } else if (p->object) {
        buf_put_u8(out, '{');
        json_props(out, depth + 2, p->members, p->nmembers, &first);
        buf_put_u8(out, '\n');
        spaces(out, depth);
        buf_put_u8(out, '}');
    } else if (p->value && p->quoted) {
        json_string(out, p->value);
    } else if (p->value) {
        buf_put_c(out, p->value);
    } else {
        buf_put_u8(out, '[');
        for (int i = 0; i < p->nitems; i++) {
            buf_put_c(out, i ? ", " : "");
            json_string(out, p->items[i]);
        }
        buf_put_u8(out, ']');
    }
}

static void json_props(struct buf *out, int depth, const struct explain_prop *props, int n,
                       bool *first)
{
    for (int i = 0; i < n; i++) {
        if (!props[i].structured)
            continue;
        json_next(out, depth, first);
        json_string(out, props[i].label);
        buf_put_c(out, ": ");
        json_value(out, depth, &props[i]);
    }
}

static void json_node(struct buf *out, int depth, const struct explain_node *n)
{
    bool first = true;
    buf_put_u8(out, '{');
    json_props(out, depth + 2, n->props, n->nprops, &first);
    if (n->nkids) {
        json_next(out, depth + 2, &first);
        buf_put_c(out, "\"Plans\": [");
        bool first_kid = true;
        for (int i = 0; i < n->nkids; i++) {
            json_next(out, depth + 4, &first_kid);
            json_node(out, depth + 4, n->kids[i]);
        }
        buf_put_u8(out, '\n');
        spaces(out, depth + 2);
        buf_put_u8(out, ']');
    }
    buf_put_u8(out, '\n');
    spaces(out, depth);
    buf_put_u8(out, '}');
}

static void json_doc(struct buf *out, const struct explain_doc *doc)
{
    bool first = false;
    buf_put_c(out, "[\n  {\n    \"Plan\": ");
    json_node(out, 4, doc->root);
    json_props(out, 4, doc->props, doc->nprops, &first);
    buf_put_c(out, "\n  }\n]");
}

/* ---- YAML ---- */

static void yaml_props(struct buf *out, int depth, const struct explain_prop *props, int n,
                       bool *first)
{
    for (int i = 0; i < n; i++) {
        const struct explain_prop *p = &props[i];
        if (!p->structured)
            continue;
        if (!*first) {
            buf_put_u8(out, '\n');
            spaces(out, depth);
        }
        *first = false;
        buf_printf(out, "%s: ", p->label);
        if (p->value && p->quoted)
            json_string(out, p->value);
        else if (p->value)
            buf_put_c(out, p->value);
        for (int k = 0; !p->value && k < p->nitems; k++) {
            buf_put_u8(out, '\n');
            spaces(out, depth + 2);
            buf_put_c(out, "- ");
            json_string(out, p->items[k]);
        }
        bool no_line = false;
        yaml_props(out, depth + 2, p->members, p->nmembers, &no_line);
    }
}

static void yaml_node(struct buf *out, int depth, const struct explain_node *n, bool first)
{
    yaml_props(out, depth, n->props, n->nprops, &first);
    if (!n->nkids)
        return;
    buf_put_u8(out, '\n');
    spaces(out, depth);
    buf_put_c(out, "Plans: ");
    for (int i = 0; i < n->nkids; i++) {
        buf_put_u8(out, '\n');
        spaces(out, depth + 2);
        buf_put_c(out, "- ");
        yaml_node(out, depth + 4, n->kids[i], true);
    }
}

static void yaml_doc(struct buf *out, const struct explain_doc *doc)
{
    bool first = false;
    buf_put_c(out, "- Plan: ");
    yaml_node(out, 4, doc->root, false);
    yaml_props(out, 2, doc->props, doc->nprops, &first);
}

/* ---- XML ---- */

static void xml_text(struct buf *out, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&':
            buf_put_c(out, "&amp;");
            break;
        case '<':
            buf_put_c(out, "&lt;");
            break;
        case '>':
            buf_put_c(out, "&gt;");
            break;
        case '\r':
            buf_put_c(out, "&#x0d;");
            break;
        default:
            buf_put_u8(out, (uint8_t)*s);
        }
}

static void xml_tag(struct buf *out, const char *label, bool closing)
{
    buf_put_c(out, closing ? "</" : "<");
    for (; *label; label++)
        buf_put_u8(out, *label == ' ' || *label == '/' ? '-' : (uint8_t)*label);
    buf_put_u8(out, '>');
}

static void xml_props(struct buf *out, int depth, const struct explain_prop *props, int n)
{
    for (int i = 0; i < n; i++) {
        const struct explain_prop *p = &props[i];
        if (!p->structured)
            continue;
        spaces(out, depth);
        xml_tag(out, p->label, false);
        if (p->value)
            xml_text(out, p->value);
        for (int k = 0; !p->value && k < p->nitems; k++) {
            buf_put_u8(out, '\n');
            spaces(out, depth + 2);
            buf_put_c(out, "<Item>");
            xml_text(out, p->items[k]);
            buf_put_c(out, "</Item>");
        }
        if (!p->value)
            buf_put_u8(out, '\n');
        xml_props(out, depth + 2, p->members, p->nmembers);
        if (!p->value)
            spaces(out, depth);
        xml_tag(out, p->label, true);
        buf_put_u8(out, '\n');
    }
}

static void xml_node(struct buf *out, int depth, const struct explain_node *n)
{
    spaces(out, depth);
    buf_put_c(out, "<Plan>\n");
    xml_props(out, depth + 2, n->props, n->nprops);
    if (n->nkids) {
        spaces(out, depth + 2);
        buf_put_c(out, "<Plans>\n");
        for (int i = 0; i < n->nkids; i++)
            xml_node(out, depth + 4, n->kids[i]);
        spaces(out, depth + 2);
        buf_put_c(out, "</Plans>\n");
    }
    spaces(out, depth);
    buf_put_c(out, "</Plan>\n");
}

static void xml_doc(struct buf *out, const struct explain_doc *doc)
{
    buf_put_c(out, "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n");
    xml_node(out, 4, doc->root);
    xml_props(out, 4, doc->props, doc->nprops);
    buf_put_c(out, "  </Query>\n</explain>");
}

/* ---- all ---- */

void explain_write(const struct explain_doc *doc, enum explain_format format, struct buf *out)
{
    switch (format) {
    case EXPLAIN_TEXT:
        text_node(out, doc->root, 0, true);
        for (int i = 0; i < doc->nprops; i++)
            if (doc->props[i].text)
                text_prop(out, 0, &doc->props[i]);
        break;
    case EXPLAIN_JSON:
        json_doc(out, doc);
        break;
    case EXPLAIN_YAML:
        yaml_doc(out, doc);
        break;
    case EXPLAIN_XML:
        xml_doc(out, doc);
        break;
    }
}
