/* The key that secrets are sealed with: 64 hexadecimal digits in file tarn.key of the data
 * directory, made at first need, readable by the owner alone. A copy made by `tarn backup` does not
 * have it: who can read the copy cannot read the secrets. */
#include "sync/sync_internal.h"

#include "base/clock.h"
#include "rt/crypto.h"
#include "rt/pool.h"
#include "sync/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES = 2 * CRYPTO_KEY_BYTES + 1, PATH_BYTES = 1024 };

static struct {
    pthread_mutex_t mu;
    char path[PATH_BYTES]; /* set once, before sessions */
    bool known;            /* guarded by mu; so the next */
    uint8_t key[CRYPTO_KEY_BYTES];
} secret = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* ---- the file ---- */

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_digits(const char *text, uint8_t key[CRYPTO_KEY_BYTES])
{
    for (int i = 0; i < CRYPTO_KEY_BYTES; i++) {
        int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return text[FILE_BYTES - 1] == '\n';
}

static struct err *check_mode(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(errno, "stat file \"%s\"", secret.path);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077)
        return err_hint(err_new("F0000", "key file \"%s\" can be read by others", secret.path),
                        "It must be a file of the server's own user with mode 0600 (u=rw).");
    return NULL;
}

/* *found false: there is no such file. */
static struct err *read_key(uint8_t key[CRYPTO_KEY_BYTES], bool *found)
{
    char text[FILE_BYTES + 1];
    int fd = open(secret.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *found = fd >= 0;
    if (fd < 0)
        return errno == ENOENT ? NULL : err_errno(errno, "open file \"%s\"", secret.path);
    struct err *e = check_mode(fd);
    if (!e && (read(fd, text, sizeof(text)) != FILE_BYTES || !take_digits(text, key)))
        e = err_new("XX001", "key file \"%s\" is damaged", secret.path);
    crypto_wipe(text, sizeof(text));
    close(fd);
    return e;
}

static struct err *sync_folder(void)
{
    char folder[PATH_BYTES];
    snprintf(folder, sizeof(folder), "%s", secret.path);
    *strrchr(folder, '/') = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct err *e =
        fd < 0 || fsync(fd) != 0 ? err_errno(errno, "sync folder \"%s\"", folder) : NULL;
    if (fd >= 0)
        close(fd);
    return e;
}

/* Under another name first: a crash leaves the whole file or none. */
static struct err *write_key(const uint8_t key[CRYPTO_KEY_BYTES])
{
    char path[PATH_BYTES + 8];
    struct buf text = BUF_INIT;
    struct err *e = NULL;
    snprintf(path, sizeof(path), "%s.new", secret.path);
    crypto_put_hex(&text, key, CRYPTO_KEY_BYTES);
    buf_put_u8(&text, '\n');
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fchmod(fd, 0600) != 0 || write(fd, text.data, text.len) != (ssize_t)text.len ||
        fsync(fd) != 0)
        e = err_errno(errno, "write file \"%s\"", path);
    if (fd >= 0)
        close(fd);
    if (!e && rename(path, secret.path) != 0)
        e = err_errno(errno, "rename file \"%s\"", path);
    crypto_wipe(text.data, text.len);
    buf_done(&text);
    return e ? e : sync_folder();
}

struct err *sync_use_directory(const char *dir)
{
    bool found;
    pthread_mutex_lock(&secret.mu);
    snprintf(secret.path, sizeof(secret.path), "%s/tarn.key", dir);
    struct err *e = read_key(secret.key, &found);
    secret.known = !e && found;
    pthread_mutex_unlock(&secret.mu);
    return e;
}

static struct err *get_key_locked(bool make, uint8_t key[CRYPTO_KEY_BYTES])
{
    bool found = true;
    if (!secret.known)
        TRY(read_key(secret.key, &found));
    if (!found && !make)
        return err_hint(
            err_new("58P01", "key file \"%s\" is missing", secret.path),
            "Secrets can only be read with the key file of the server that stored them: "
            "copy it, or give the secrets again.");
    if (!found) {
        random_bytes(secret.key, sizeof(secret.key));
        TRY(write_key(secret.key));
    }
    secret.known = true;
    memcpy(key, secret.key, sizeof(secret.key));
    return NULL;
}

/* ---- sealing ---- */

struct seal_job {
    struct str bound, in;
    struct buf *out;
    bool seal;
    struct err *e;
};

static void seal_job(void *arg)
{
    struct seal_job *job = arg;
    uint8_t key[CRYPTO_KEY_BYTES];
    pthread_mutex_lock(&secret.mu);
    job->e = get_key_locked(job->seal, key);
    pthread_mutex_unlock(&secret.mu);
    if (!job->e)
        job->e = job->seal ? crypto_seal(key, job->bound, job->in, job->out)
                           : crypto_unseal(key, job->bound, job->in, job->out);
    crypto_wipe(key, sizeof(key));
}

struct err *secret_seal(struct str bound, struct str plain, struct buf *out)
{
    struct seal_job job = {.bound = bound, .in = plain, .out = out, .seal = true};
    pool_run(seal_job, &job);
    return job.e;
}

struct err *secret_unseal(struct str bound, struct str sealed, struct buf *out)
{
    struct seal_job job = {.bound = bound, .in = sealed, .out = out};
    pool_run(seal_job, &job);
    return job.e;
}
