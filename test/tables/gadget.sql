create table gadgets (
  id integer primary key autoincrement,
  serial text not null unique,
  label text,
  weight real,
  slots integer,
  online integer,
  built_at text,
  manual text,
  firmware text,
  origin text,
  pin text,
  secret_note text,
  width integer,
  height integer,
  unit text,
  heat text,
  heat_range integer,
  light text,
  light_range integer,
  owner_id text,
  contract text,
  ends_at text
);
create table gadget_tags (gadget_id integer not null references gadgets (id) on delete cascade, tag text not null, primary key (gadget_id, tag));
create table gadget_ports (gadget_id integer not null references gadgets (id) on delete cascade, port integer not null, primary key (gadget_id, port));
