#!/usr/bin/python3
"""Writes saslprep_tables.inc: the tables of RFC 3454 that RFC 4013 names, as ranges of code points, from the
module stringprep of Python's library."""
import os
import stringprep as sp

PROHIBITED = (sp.in_table_c12, sp.in_table_c21, sp.in_table_c22, sp.in_table_c3, sp.in_table_c4, sp.in_table_c5,
              sp.in_table_c6, sp.in_table_c7, sp.in_table_c8, sp.in_table_c9, sp.in_table_a1)
TABLES = [
    ("spaces", "C.1.2: other spaces", sp.in_table_c12),
    ("nothing", "B.1: mapped to nothing", sp.in_table_b1),
    ("prohibited", "C.1.2, C.2 to C.9, and A.1: not assigned in Unicode 3.2",
     lambda c: any(t(c) for t in PROHIBITED)),
    ("right_to_left", "D.1", sp.in_table_d1),
    ("left_to_right", "D.2", sp.in_table_d2),
]


def ranges(has):
    out = []
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000 or not has(chr(code)):
            continue
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "saslprep_tables.inc")
    with open(path, "w", encoding="ascii") as f:
        f.write("/* Made by saslprep_tables.py. */\n")
        for name, what, has in TABLES:
            f.write("/* %s */\nstatic const struct code_range %s[] = {\n" % (what, name))
            items = ["{0x%x, 0x%x}," % tuple(r) for r in ranges(has)]
            for i in range(0, len(items), 5):
                f.write("    " + " ".join(items[i:i + 5]) + "\n")
            f.write("};\n")


if __name__ == "__main__":
    main()
