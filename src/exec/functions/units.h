/* Errors of extract, date_part and date_trunc. */
#ifndef TARN_EXEC_FUNCTIONS_UNITS_H
#define TARN_EXEC_FUNCTIONS_UNITS_H

#include "base/err.h"
#include "types/unit.h"

struct err *unit_not_recognized(struct str unit, const char *type_name);
struct err *unit_not_supported(struct str unit, const char *type_name);

#endif
