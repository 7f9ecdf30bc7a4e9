/* The settings' table as bytes: data_settings up to data_settings_end. */
    .section .rodata
    .global data_settings, data_settings_end
data_settings:
    .incbin "settings.tsv"
data_settings_end:
    .section .note.GNU-stack,"",@progbits
