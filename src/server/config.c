/* The configuration file: lines of `name = value` as in postgresql.conf. Values with anything but
 * letters, digits and a few signs are in single quotes ('' for a quote); # begins a comment. */
#include "server/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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
    char *line = NULL;
    size_t cap = 0;
    struct err *e = NULL;
    for (int number = 1; !e && getline(&line, &cap, f) >= 0; number++) {
        char *name;
        char *value;
        if (!split_line(line, &name, &value))
            e = syntax_error(path, number);
        else if (name)
            e = server_setting_set(str_from(name), value, reload);
        if (e && name && !err_is(e, "F0000"))
            err_context(e, "configuration file \"%s\" line %d", path, number);
    }
    free(line);
    fclose(f);
    return e;
}
