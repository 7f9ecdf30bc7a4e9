/* bootstrap.sql as a C string. */
    .section .rodata
    .global sync_bootstrap_text
sync_bootstrap_text:
    .incbin "bootstrap.sql"
    .byte 0
    .section .note.GNU-stack,"",@progbits
