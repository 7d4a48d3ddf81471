-- Users and roles of a typical web application, for SQLite: soft deletes, a table of departments,
-- managers by staff number, a join table with who granted a role and when, hashed passwords.
create table departments (
  id integer primary key,
  code text not null unique,
  name text not null
);
create unique index departments_name on departments (name collate nocase);
create table users (
  id integer primary key,
  username text not null,
  external_id text,
  email text,
  password_hash text,
  given_name text,
  family_name text,
  display_name text,
  staff_no text unique,
  manager_staff_no text references users (staff_no) on update cascade on delete set null,
  department_id integer references departments (id),
  status text not null default 'active' check (status in ('active', 'locked')),
  created_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ')),
  updated_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ')),
  deleted_at text
);
create unique index users_username on users (username collate nocase);
create index users_email on users (email collate nocase);
create index users_external_id on users (external_id);
create table user_phones (
  user_id integer not null references users (id) on delete cascade,
  kind text not null,
  number text not null,
  primary key (user_id, kind, number)
);
create table roles (
  id integer primary key,
  name text not null,
  external_id text,
  created_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ')),
  updated_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ'))
);
create unique index roles_name on roles (name collate nocase);
create table user_roles (
  user_id integer not null references users (id) on delete cascade,
  role_id integer not null references roles (id) on delete cascade,
  granted_by text not null,
  granted_at text not null,
  primary key (role_id, user_id)
);
create index user_roles_user on user_roles (user_id);
insert into departments (code, name) values ('ENG', 'Engineering'), ('SAL', 'Sales'), ('HR', 'Human Resources');
