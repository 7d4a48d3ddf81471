-- A small "legacy HR" database, as a business application of the nineties might have: integer keys, flags as
-- 0 and 1, the manager as a foreign key, teams with a membership table.
create table people (
  id integer primary key autoincrement,
  login text not null collate nocase unique,
  external_ref text collate nocase,
  first_name text,
  middle_name text,
  last_name text,
  salutation text,
  suffix text,
  printed_name text,
  full_name text,
  nickname text,
  job_title text,
  category text,
  mail text collate nocase,
  mail_primary integer check (mail_primary in (0, 1)),
  home_mail text collate nocase,
  home_mail_primary integer check (home_mail_primary in (0, 1)),
  mobile text,
  phone text,
  fax text,
  street text,
  city text,
  region text,
  postcode text,
  country text,
  home_page text,
  language text,
  locale text,
  time_zone text,
  role text,
  role_name text,
  role_type text,
  role_primary integer check (role_primary in (0, 1)),
  company text,
  division text,
  cost_center text,
  department text,
  staff_number text,
  manager_id integer references people (id) on delete set null,
  enabled integer default 1 check (enabled in (0, 1)),
  created_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  changed_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  version integer not null default 1
);
create index people_mail on people (mail collate nocase);
create index people_external_ref on people (external_ref collate nocase);
create index people_manager on people (manager_id);

create table teams (
  id integer primary key autoincrement,
  name text not null collate nocase unique,
  external_ref text collate nocase,
  created_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  changed_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  version integer not null default 1
);

create table team_members (
  team_id integer not null references teams (id) on delete cascade,
  person_id integer not null references people (id) on delete cascade,
  primary key (team_id, person_id)
) without rowid;
create index team_members_person on team_members (person_id);

create trigger people_changed after update on people when new.version = old.version begin
  update people set version = old.version + 1, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') where id = new.id;
end;

create trigger teams_changed after update on teams when new.version = old.version begin
  update teams set version = old.version + 1, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') where id = new.id;
end;

create trigger team_members_came after insert on team_members begin
  update teams set version = version + 1, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') where id = new.team_id;
end;

create trigger team_members_went after delete on team_members begin
  update teams set version = version + 1, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') where id = old.team_id;
end;

insert into people (id, login, first_name, last_name, printed_name, full_name, job_title, mail, mail_primary, department, staff_number, manager_id, enabled) values
  (1, 'ada.lovelace@example.com', 'Ada', 'Lovelace', 'Ada Lovelace', 'Ada Lovelace', 'Head of Engineering', 'ada.lovelace@example.com', 1, 'Engineering', '1001', null, 1),
  (2, 'grace.hopper@example.com', 'Grace', 'Hopper', 'Grace Hopper', 'Grace Hopper', 'Engineer', 'grace.hopper@example.com', 1, 'Engineering', '1002', 1, 1),
  (3, 'alan.turing@example.com', 'Alan', 'Turing', 'Alan Turing', 'Alan Turing', 'Engineer', 'alan.turing@example.com', 1, 'Engineering', '1003', 1, 0);
insert into teams (id, name) values (1, 'Engineering'), (2, 'Everyone');
insert into team_members (team_id, person_id) values (1, 1), (1, 2), (2, 1), (2, 2), (2, 3);
