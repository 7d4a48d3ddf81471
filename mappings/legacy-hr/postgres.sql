-- The legacy HR database for PostgreSQL: booleans, times with a zone, indexes that ignore case.
create table people (
  id serial primary key,
  login text not null,
  external_ref text,
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
  mail text,
  home_mail text,
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
  company text,
  division text,
  cost_center text,
  department text,
  staff_number text,
  mail_primary boolean,
  home_mail_primary boolean,
  role_primary boolean,
  manager_id integer references people (id) on delete set null,
  enabled boolean default true,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  version integer not null default 1
);
create unique index people_login on people (lower(login));
create index people_mail on people (lower(mail));
create index people_external_ref on people (external_ref);
create table teams (
  id serial primary key,
  name text not null,
  external_ref text,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  version integer not null default 1
);
create unique index teams_name on teams (lower(name));
create table team_members (
  team_id integer not null references teams (id) on delete cascade,
  person_id integer not null references people (id) on delete cascade,
  primary key (team_id, person_id)
);
create index team_members_person on team_members (person_id);

create function changed() returns trigger language plpgsql as $$
begin
  new.version := old.version + 1;
  new.changed_at := now();
  return new;
end $$;
create trigger people_changed before update on people for each row execute function changed();
create trigger teams_changed before update on teams for each row execute function changed();
create function members_changed() returns trigger language plpgsql as $$
begin
  update teams set version = version where id in (new.team_id, old.team_id);
  return null;
end $$;
create trigger members_changed after insert or delete on team_members for each row execute function members_changed();
