/* The SQL of the extensions as C strings. */
    .section .rodata
    .global extension_pgcrypto_text
extension_pgcrypto_text:
    .incbin "data/pgcrypto.sql"
    .byte 0
    .global extension_uuid_ossp_text
extension_uuid_ossp_text:
    .incbin "data/uuid-ossp.sql"
    .byte 0
    .global extension_citext_text
extension_citext_text:
    .incbin "data/citext.sql"
    .byte 0
    .global extension_hstore_text
extension_hstore_text:
    .incbin "data/hstore.sql"
    .byte 0
    .section .note.GNU-stack,"",@progbits
