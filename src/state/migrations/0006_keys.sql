alter table publication_node add column keys jsonb;
comment on column publication_node.keys is 'Foreign keys of the table that was put aside: taken off it, and made again by a rollback.';
