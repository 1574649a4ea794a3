alter table build
  add column as_of pg_snapshot,
  add column own_xids xid[],
  add column live bigint;
comment on column build.as_of is 'What had been written when the relation was published; what was not, somebody wrote since.';
comment on column build.own_xids is 'Transactions of ours that were under way then.';
comment on column build.live is 'Rows, by the server''s count.';
