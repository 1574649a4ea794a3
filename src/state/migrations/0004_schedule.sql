create table schedule_job (
  scope text not null,
  name text not null,
  cron text not null,
  timezone text not null,
  next_due timestamptz not null,
  primary key (scope, name)
);
comment on table schedule_job is 'One row per job of a schedule: when it is due next, so that a restart knows what it missed.';
comment on column schedule_job.scope is 'Project and target: "bank/prod".';

create table schedule_firing (
  id bigint generated always as identity primary key,
  scope text not null,
  job text not null,
  due_at timestamptz not null,
  status text not null check (status in
    ('running', 'success', 'error', 'timeout', 'cancelled', 'lost', 'skipped', 'missed')),
  started_at timestamptz,
  finished_at timestamptz,
  alive_at timestamptz,
  exit_code integer,
  message text,
  times bigint not null default 1,
  scheduler text not null,
  unique (scope, job, due_at)
);
comment on table schedule_firing is 'What became of each firing of a job. Whoever inserts the row has claimed it.';
comment on column schedule_firing.alive_at is 'When the scheduler last said that the job still runs.';
comment on column schedule_firing.times is 'How many firings a row of status "missed" stands for; due_at is the last of them.';
-- No overlap, also between two schedulers.
create unique index schedule_firing_running on schedule_firing (scope, job) where status = 'running';
