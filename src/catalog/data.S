/* The built-in catalog rows as bytes: data_NAME up to data_NAME_end. */
    .section .rodata
    .global data_pg_aggregate, data_pg_aggregate_end
data_pg_aggregate:
    .incbin "pg_aggregate.tsv"
data_pg_aggregate_end:
    .global data_pg_am, data_pg_am_end
data_pg_am:
    .incbin "pg_am.tsv"
data_pg_am_end:
    .global data_pg_amop, data_pg_amop_end
data_pg_amop:
    .incbin "pg_amop.tsv"
data_pg_amop_end:
    .global data_pg_amproc, data_pg_amproc_end
data_pg_amproc:
    .incbin "pg_amproc.tsv"
data_pg_amproc_end:
    .global data_pg_attribute, data_pg_attribute_end
data_pg_attribute:
    .incbin "pg_attribute.tsv"
data_pg_attribute_end:
    .global data_pg_auth_members, data_pg_auth_members_end
data_pg_auth_members:
    .incbin "pg_auth_members.tsv"
data_pg_auth_members_end:
    .global data_pg_authid, data_pg_authid_end
data_pg_authid:
    .incbin "pg_authid.tsv"
data_pg_authid_end:
    .global data_pg_cast, data_pg_cast_end
data_pg_cast:
    .incbin "pg_cast.tsv"
data_pg_cast_end:
    .global data_pg_class, data_pg_class_end
data_pg_class:
    .incbin "pg_class.tsv"
data_pg_class_end:
    .global data_pg_collation, data_pg_collation_end
data_pg_collation:
    .incbin "pg_collation.tsv"
data_pg_collation_end:
    .global data_pg_constraint, data_pg_constraint_end
data_pg_constraint:
    .incbin "pg_constraint.tsv"
data_pg_constraint_end:
    .global data_pg_index, data_pg_index_end
data_pg_index:
    .incbin "pg_index.tsv"
data_pg_index_end:
    .global data_pg_language, data_pg_language_end
data_pg_language:
    .incbin "pg_language.tsv"
data_pg_language_end:
    .global data_pg_namespace, data_pg_namespace_end
data_pg_namespace:
    .incbin "pg_namespace.tsv"
data_pg_namespace_end:
    .global data_pg_opclass, data_pg_opclass_end
data_pg_opclass:
    .incbin "pg_opclass.tsv"
data_pg_opclass_end:
    .global data_pg_operator, data_pg_operator_end
data_pg_operator:
    .incbin "pg_operator.tsv"
data_pg_operator_end:
    .global data_pg_opfamily, data_pg_opfamily_end
data_pg_opfamily:
    .incbin "pg_opfamily.tsv"
data_pg_opfamily_end:
    .global data_pg_proc, data_pg_proc_end
data_pg_proc:
    .incbin "pg_proc.tsv"
data_pg_proc_end:
    .global data_pg_range, data_pg_range_end
data_pg_range:
    .incbin "pg_range.tsv"
data_pg_range_end:
    .global data_pg_tablespace, data_pg_tablespace_end
data_pg_tablespace:
    .incbin "pg_tablespace.tsv"
data_pg_tablespace_end:
    .global data_pg_type, data_pg_type_end
data_pg_type:
    .incbin "pg_type.tsv"
data_pg_type_end:
    .global data_system_views
data_system_views:
    .incbin "system_views.sql"
    .byte 0
    .global data_information_schema
data_information_schema:
    .incbin "information_schema.sql"
    .byte 0
    .section .note.GNU-stack,"",@progbits
