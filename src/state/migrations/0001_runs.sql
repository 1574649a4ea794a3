-- Names are looked up in the schema "sluice", by the search path that ensure.ts sets.

create table run (
  id text primary key,
  command text not null,
  target text not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  status text not null default 'running',
  sluice_version text not null,
  git_commit text,
  run_by text not null
);
comment on table run is 'One row per command that changed something; status stays "running" when the process was killed.';

create table node_result (
  run_id text not null references run on delete cascade,
  node_id text not null,
  status text not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  rows bigint,
  message text,
  primary key (run_id, node_id)
);
comment on table node_result is 'What became of each node in a run: models, seeds, tests, snapshots, hooks.';
create index node_result_node_id on node_result (node_id, started_at desc);
