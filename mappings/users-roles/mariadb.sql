-- Users and roles of a typical web application, for MariaDB and MySQL: soft deletes, a table of departments,
-- managers by staff number, a join table with who granted a role and when, hashed passwords.
create table departments (
  id int auto_increment primary key,
  code varchar(20) not null unique,
  name varchar(100) not null unique
) collate utf8mb4_unicode_ci;
create table users (
  id int auto_increment primary key,
  username varchar(150) not null unique,
  external_id varchar(100),
  email varchar(254),
  password_hash varchar(200),
  given_name varchar(100),
  family_name varchar(100),
  display_name varchar(200),
  staff_no varchar(20) unique,
  manager_staff_no varchar(20),
  department_id int,
  status enum('active', 'locked') not null default 'active',
  created_at datetime(3) not null default current_timestamp(3),
  updated_at datetime(3) not null default current_timestamp(3),
  deleted_at datetime(3),
  foreign key (manager_staff_no) references users (staff_no) on update cascade on delete set null,
  foreign key (department_id) references departments (id)
) collate utf8mb4_unicode_ci;
create index users_email on users (email);
create index users_external_id on users (external_id);
create table user_phones (
  user_id int not null,
  kind varchar(10) not null,
  number varchar(40) not null,
  primary key (user_id, kind, number),
  foreign key (user_id) references users (id) on delete cascade
) collate utf8mb4_unicode_ci;
create table roles (
  id int auto_increment primary key,
  name varchar(100) not null unique,
  external_id varchar(100),
  created_at datetime(3) not null default current_timestamp(3),
  updated_at datetime(3) not null default current_timestamp(3)
) collate utf8mb4_unicode_ci;
create table user_roles (
  user_id int not null,
  role_id int not null,
  granted_by varchar(50) not null,
  granted_at datetime(3) not null,
  primary key (role_id, user_id),
  foreign key (user_id) references users (id) on delete cascade,
  foreign key (role_id) references roles (id) on delete cascade
) collate utf8mb4_unicode_ci;
insert into departments (code, name) values ('ENG', 'Engineering'), ('SAL', 'Sales'), ('HR', 'Human Resources');
