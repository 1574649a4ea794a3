create table rest (
  site text not null,
  command text not null,
  inputs text not null,
  variables jsonb not null,
  environment text not null,
  signature text not null,
  nodes integer not null,
  found text not null,
  run_id text not null,
  recorded_at timestamptz not null default now(),
  primary key (site, command)
);
comment on table rest is 'Runs that found everything as it was: as long as neither inputs nor relations change, the same command need not look again.';
comment on column rest.inputs is 'A hash of names, sizes and times of the project''s files.';
comment on column rest.variables is 'Names of the environment variables that were read; "environment" is a hash of their values.';
comment on column rest.signature is 'Of what all nodes held and what was loaded.';
