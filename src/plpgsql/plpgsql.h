/* PL/pgSQL: functions, procedures, triggers and DO blocks (manual chapter 43). */
#ifndef TARN_PLPGSQL_PLPGSQL_H
#define TARN_PLPGSQL_PLPGSQL_H

/* Registers the language. Once, before any session. */
void plpgsql_init(void);

#endif
