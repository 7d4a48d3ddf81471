-- The tables of an application for expenses: accounts, and roles that they hold.
create table accounts (
  id integer primary key,
  username text not null,
  staff_no text,
  given_name text,
  family_name text,
  display_name text,
  title text,
  department text,
  manager_id integer references accounts (id) on delete set null,
  enabled integer not null default 1
);
create unique index accounts_username on accounts (username collate nocase);
create unique index accounts_staff_no on accounts (staff_no);
create index accounts_manager on accounts (manager_id);
create table roles (id integer primary key, name text not null);
create unique index roles_name on roles (name collate nocase);
create table role_accounts (
  role_id integer not null references roles (id) on delete cascade,
  account_id integer not null references accounts (id) on delete cascade,
  primary key (role_id, account_id)
);
create index role_accounts_account on role_accounts (account_id);
