-- The legacy HR database for MariaDB: flags as tinyint, times in UTC without a zone, collations that ignore case and accents.
create table people (
  id int auto_increment primary key,
  login varchar(200) not null,
  external_ref varchar(200),
  first_name varchar(200),
  middle_name varchar(200),
  last_name varchar(200),
  salutation varchar(200),
  suffix varchar(200),
  printed_name varchar(200),
  full_name varchar(200),
  nickname varchar(200),
  job_title varchar(200),
  category varchar(200),
  mail varchar(200),
  home_mail varchar(200),
  mobile varchar(200),
  phone varchar(200),
  fax varchar(200),
  street varchar(500),
  city varchar(200),
  region varchar(200),
  postcode varchar(200),
  country varchar(200),
  home_page varchar(500),
  language varchar(200),
  locale varchar(200),
  time_zone varchar(200),
  role varchar(200),
  role_name varchar(200),
  role_type varchar(200),
  company varchar(200),
  division varchar(200),
  cost_center varchar(200),
  department varchar(200),
  staff_number varchar(200),
  mail_primary tinyint(1),
  home_mail_primary tinyint(1),
  role_primary tinyint(1),
  manager_id int,
  enabled tinyint(1) default 1,
  created_at datetime(3) not null default current_timestamp(3),
  changed_at datetime(3) not null default current_timestamp(3),
  version int not null default 1,
  unique key people_login (login),
  key people_mail (mail),
  key people_external_ref (external_ref),
  foreign key (manager_id) references people (id) on delete set null
) collate utf8mb4_unicode_ci;
create table teams (
  id int auto_increment primary key,
  name varchar(200) not null unique,
  external_ref varchar(200),
  created_at datetime(3) not null default current_timestamp(3),
  changed_at datetime(3) not null default current_timestamp(3),
  version int not null default 1
) collate utf8mb4_unicode_ci;
create table team_members (
  team_id int not null,
  person_id int not null,
  primary key (team_id, person_id),
  foreign key (team_id) references teams (id) on delete cascade,
  foreign key (person_id) references people (id) on delete cascade
);
create trigger people_changed before update on people for each row set new.version = old.version + 1, new.changed_at = current_timestamp(3);
create trigger teams_changed before update on teams for each row set new.version = old.version + 1, new.changed_at = current_timestamp(3);
create trigger members_came after insert on team_members for each row update teams set version = version where id = new.team_id;
create trigger members_went after delete on team_members for each row update teams set version = version where id = old.team_id;
