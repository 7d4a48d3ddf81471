-- The tables of the journal's SQLite file before entries had numbers, with the migrations that its kysely noted.
create table journal_migration (name varchar(255) not null primary key, timestamp varchar(255) not null);
create table journal_migration_lock (id varchar(255) not null primary key, is_locked integer default 0 not null);
insert into journal_migration_lock values ('migration_lock', 0);
insert into journal_migration values ('2026-11-26-journal', '2026-11-26T00:00:00.000Z');
create table journal (
  id text primary key, route text not null, caller text not null, type text not null, action text not null, result text not null,
  resource text not null, request_id text not null, name text not null,
  resource_key integer not null, request_key integer not null, bytes integer not null
) without rowid;
create table journal_details (id text primary key, line text not null, detail text not null);
create index journal_by_resource_key on journal (resource_key, id);
create index journal_by_request_key on journal (request_key, id);
create index journal_by_caller on journal (caller, id);
create index journal_by_failure on journal (result, id) where result = 'failure';
