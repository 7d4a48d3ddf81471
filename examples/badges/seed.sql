-- The database of a door system: badges and the doors that each opens.
create table badges (
  id integer primary key,
  number integer not null unique,
  color text,
  valid_until text,
  person text
);
create table badge_doors (
  badge_id integer not null references badges (id) on delete cascade,
  door text not null,
  primary key (badge_id, door)
);
