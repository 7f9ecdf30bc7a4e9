"""Certificates for tests, made by the openssl program. Standard library only."""
import os
import subprocess


def openssl(folder, *args):
    subprocess.run(["openssl", *args], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificate(folder, name, cn, ca=None, san=None):
    openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + cn)
    with open(os.path.join(folder, name + ".ext"), "w", encoding="utf-8") as f:
        f.write("basicConstraints=%s\n" % ("CA:FALSE" if ca else "CA:TRUE"))
        f.write("subjectAltName=%s\n" % san if san else "")
    sign = ["-CA", ca + ".crt", "-CAkey", ca + ".key", "-CAcreateserial"] if ca else \
        ["-signkey", name + ".key"]
    openssl(folder, "x509", "-req", "-in", name + ".csr", *sign, "-out", name + ".crt", "-days", "30",
            "-sha256", "-extfile", name + ".ext")
    os.chmod(os.path.join(folder, name + ".key"), 0o600)
