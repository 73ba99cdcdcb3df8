/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of the authority, each written in one step. */
#include "cron/admin/pki.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "netmon" /* that netmond and netmonc run as, etc/systemd/sysusers.conf */

int
pki_fail(struct pki *pki, const char *path, const char *words)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	const char *cause = reason ? reason : errno ? strerrordesc_np(errno) : NULL;

	(void)snprintf(pki->error, sizeof(pki->error), "%s: %s%s%s", path, words, cause ? ": " : "",
	               cause ? cause : "");
	ERR_clear_error();
	return -1;
}

int
pki_path(struct pki *pki, const char *name, char ret_path[PKI_PATH_MAX])
{
	int n = snprintf(ret_path, PKI_PATH_MAX, "%s/%s", pki->folder, name);

	errno = ENAMETOOLONG;
	return n > 0 && n < PKI_PATH_MAX ? 0 : pki_fail(pki, pki->folder, "a file in it");
}

int
pki_put_cert(BIO *out, const void *cert)
{
	return PEM_write_bio_X509(out, cert);
}

int
pki_put_key(BIO *out, const void *key)
{
	return PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
}

int
pki_put_crl(BIO *out, const void *crl)
{
	return PEM_write_bio_X509_CRL(out, crl);
}

/* A key that a daemon reads as another user than root. The authority's own is nobody else's. */
static void
give_to_group(const struct pki *pki, int fd)
{
	const struct group *group = geteuid() == 0 ? getgrnam(GROUP) : NULL;

	if (group && pki->key && fchown(fd, (uid_t)-1, group->gr_gid) == 0)
		(void)fchmod(fd, 0640);
}

/* A new name takes the place of the old one for good only when its folder is on the disk. */
static int
sync_folder(const char *path)
{
	char folder[PKI_PATH_MAX];
	const char *slash = strrchr(path, '/');

	(void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1,
	               slash ? path : ".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static int
fill(int fd, int (*put)(BIO *out, const void *object), const void *object)
{
	BIO *out = BIO_new_fd(fd, BIO_NOCLOSE);
	int ok = out ? put(out, object) : 0;

	BIO_free(out);
	return ok == 1 && fsync(fd) == 0 ? 0 : -1;
}

int
pki_write(struct pki *pki, const char *path, bool secret, int (*put)(BIO *out, const void *object),
          const void *object)
{
	char new_path[PKI_PATH_MAX + 8];

	(void)snprintf(new_path, sizeof(new_path), "%s.new", path);
	errno = 0;
	(void)unlink(new_path);
	errno = 0;
	int fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644);
	if (fd < 0)
		return pki_fail(pki, path, "cannot be written");
	if (!secret)
		(void)fchmod(fd,
		             0644); /* whatever the umask says: it is no secret, and a daemon's */
	else
		give_to_group(pki, fd);
	errno = 0;
	int rc = fill(fd, put, object);
	(void)close(fd);
	if (rc == 0)
		rc = rename(new_path, path);
	if (rc == 0)
		return sync_folder(path) == 0 ? 0 : pki_fail(pki, path, "cannot be made durable");
	rc = pki_fail(pki, path, "cannot be written");
	(void)unlink(new_path);
	return rc;
}
