/* The configuration file: lines of `name = value` as in postgresql.conf. Values with anything but
 * letters, digits and a few signs are in single quotes ('' for a quote); # begins a comment. */
#include "server/settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

static struct err *syntax_error(const char *path, int line)
{
    return err_new("F0000", "syntax error in file \"%s\" line %d", path, line);
}

static bool is_name_char(int c)
{
    return isalnum(c) || c == '_' || c == '.';
}

/* Takes a line apart in place. *name is NULL for an empty line. False: bad syntax. */
static bool split_line(char *line, char **name, char **value)
{
    char *p = line + strspn(line, " \t\r\n");
    *name = NULL;
    if (!*p || *p == '#')
        return true;
    *name = p;
    while (is_name_char((unsigned char)*p))
        p++;
    char *name_end = p;
    p += strspn(p, " \t");
    if (*p == '=')
        p += 1 + strspn(p + 1, " \t");
    if (p == name_end || name_end == *name)
        return false;
    *value = p;
    if (*p == '\'') {
        char *to = p;
        for (p++; *p && (*p != '\'' || p[1] == '\''); p++) {
            p += *p == '\'';
            *to++ = *p;
        }
        if (*p++ != '\'')
            return false;
        *to = '\0';
    } else {
        p += strcspn(p, " \t\r\n#");
        if (p == *value)
            return false;
    }
    char *rest = p + strspn(p, " \t\r\n");
    bool ok = !*rest || *rest == '#';
    *name_end = '\0';
    if (p > *value && **value && (p[-1] != '\''))
        *p = '\0';
    return ok;
}

struct err *config_read(const char *path, bool reload)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_errno(errno, "open configuration file \"%s\"", path);
    char *full = realpath(path, NULL); /* lives on: origins name it */
    char *line = NULL;
    size_t cap = 0;
    struct err *e = NULL;
    for (int number = 1; !e && getline(&line, &cap, f) >= 0; number++) {
        char *name;
        char *value;
        if (!split_line(line, &name, &value))
            e = syntax_error(path, number);
        else if (name)
            e = server_setting_set(
                str_from(name), value,
                (struct setting_origin){.source = SOURCE_FILE, .file = full, .line = number},
                reload);
        if (e && name && !err_is(e, "F0000"))
            err_context(e, "configuration file \"%s\" line %d", path, number);
    }
    free(line);
    fclose(f);
    return e;
}

/* ---- the file that ALTER SYSTEM writes ---- */

static void put_line(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s = '", name);
    for (const char *p = value; *p; p++) {
        if (*p == '\'')
            buf_put_u8(out, '\'');
        buf_put_u8(out, (uint8_t)*p);
    }
    buf_put_c(out, "'\n");
}

/* All lines but that of the name. A file that is not there has none. */
static struct err *other_lines(const char *path, const char *name, struct buf *out)
{
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t cap = 0;
    struct err *e = NULL;
    buf_put_c(out, "# Written by ALTER SYSTEM, which overwrites what is changed here by hand.\n");
    if (!f)
        return errno == ENOENT ? NULL : err_errno(errno, "open \"%s\"", path);
    for (int number = 1; !e && getline(&line, &cap, f) >= 0; number++) {
        char *key;
        char *value;
        if (!split_line(line, &key, &value))
            e = syntax_error(path, number);
        else if (key && name && strcasecmp(key, name) != 0)
            put_line(out, key, value);
    }
    free(line);
    fclose(f);
    return e;
}

static struct err *write_durably(const char *path, const struct buf *text)
{
    struct buf temp = BUF_INIT;
    struct err *e = NULL;
    buf_printf(&temp, "%s.new", path);
    int fd = open(buf_cstr(&temp), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text->data, text->len) != (ssize_t)text->len || fsync(fd) != 0 ||
        rename(buf_cstr(&temp), path) != 0)
        e = err_errno(errno, "write \"%s\"", path);
    if (fd >= 0)
        close(fd);
    buf_done(&temp);
    return e;
}

struct err *config_change(const char *path, const char *name, const char *value)
{
    struct buf text = BUF_INIT;
    struct err *e = other_lines(path, name, &text);
    if (!e && name && value)
        put_line(&text, name, value);
    if (!e)
        e = buf_finish(&text);
    if (!e)
        e = write_durably(path, &text);
    buf_done(&text);
    return e;
}
