-- Users and roles of a typical web application, for PostgreSQL: soft deletes, a table of departments,
-- managers by staff number, a join table with who granted a role and when, hashed passwords.
create table departments (
  id serial primary key,
  code varchar(20) not null unique,
  name varchar(100) not null
);
create unique index departments_name on departments (lower(name));
create table users (
  id serial primary key,
  username varchar(150) not null,
  external_id varchar(100),
  email varchar(254),
  password_hash varchar(200),
  given_name varchar(100),
  family_name varchar(100),
  display_name varchar(200),
  staff_no varchar(20) unique,
  manager_staff_no varchar(20) references users (staff_no) on update cascade on delete set null,
  department_id integer references departments (id),
  status varchar(10) not null default 'active' check (status in ('active', 'locked')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create unique index users_username on users (lower(username));
create index users_email on users (lower(email));
create index users_external_id on users (external_id);
create table user_phones (
  user_id integer not null references users (id) on delete cascade,
  kind varchar(10) not null,
  number varchar(40) not null,
  primary key (user_id, kind, number)
);
create table roles (
  id serial primary key,
  name varchar(100) not null,
  external_id varchar(100),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index roles_name on roles (lower(name));
create table user_roles (
  user_id integer not null references users (id) on delete cascade,
  role_id integer not null references roles (id) on delete cascade,
  granted_by varchar(50) not null,
  granted_at timestamptz not null,
  primary key (role_id, user_id)
);
create index user_roles_user on user_roles (user_id);
insert into departments (code, name) values ('ENG', 'Engineering'), ('SAL', 'Sales'), ('HR', 'Human Resources');
