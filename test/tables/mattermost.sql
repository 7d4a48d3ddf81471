-- What of Mattermost's tables (7 and later, PostgreSQL) the mapping meets: the columns, their types, what is unique.
create type team_type as enum ('I', 'O');
create type channel_type as enum ('P', 'G', 'O', 'D');
create table users (
  id varchar(26) primary key, createat bigint, updateat bigint, deleteat bigint, username varchar(64) unique,
  password varchar(128), authdata varchar(128) unique, authservice varchar(32), email varchar(128) unique,
  emailverified boolean, nickname varchar(64), firstname varchar(64), lastname varchar(64), position varchar(128),
  roles varchar(256), allowmarketing boolean, props jsonb, notifyprops jsonb, lastpasswordupdate bigint,
  lastpictureupdate bigint, failedattempts integer, locale varchar(5), mfaactive boolean, mfasecret varchar(128),
  timezone jsonb, remoteid varchar(26));
create index idx_users_email_lower_textpattern on users (lower(email) text_pattern_ops);
create index idx_users_username_lower_textpattern on users (lower(username) text_pattern_ops);
create table teams (
  id varchar(26) primary key, createat bigint, updateat bigint, deleteat bigint, displayname varchar(64),
  name varchar(64) unique, description varchar(255), email varchar(128), type team_type, companyname varchar(64),
  alloweddomains varchar(1000), inviteid varchar(32), schemeid varchar(26), allowopeninvite boolean,
  lastteamiconupdate bigint, groupconstrained boolean);
create table teammembers (
  teamid varchar(26) not null, userid varchar(26) not null, roles varchar(256), deleteat bigint, schemeuser boolean,
  schemeadmin boolean, schemeguest boolean, createat bigint default 0, primary key (teamid, userid));
create index idx_teammembers_user_id on teammembers (userid);
create table channels (
  id varchar(26) primary key, createat bigint, updateat bigint, deleteat bigint, teamid varchar(26), type channel_type,
  displayname varchar(64), name varchar(64), header varchar(1024), purpose varchar(250), lastpostat bigint,
  totalmsgcount bigint, extraupdateat bigint, creatorid varchar(26), unique (name, teamid));
