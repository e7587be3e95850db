-- Two roles for a shared server, each with no more than it needs. Run it as a superuser, and again after MIMIC-IV is loaded anew:
--
--   psql -d mimiciv -v builder=researcher -v reader=reviewer -f docs/role.sql
--
-- builder   runs `dbt build`: reads MIMIC-IV, owns one schema, may not make another
-- reader    runs `python -m analysis_py.run`: reads that schema, cannot see MIMIC-IV; leave it out if nobody needs it
--
-- Other names: -v schema=dexsic -v hosp=mimiciv_hosp -v icu=mimiciv_icu. Then give each a password: \password researcher
\set ON_ERROR_STOP on
\if :{?builder}
\else
    do $$ begin raise exception 'name the role that builds: -v builder=researcher'; end $$;
\endif
\if :{?schema}
\else
    \set schema dexsic
\endif
\if :{?hosp}
\else
    \set hosp mimiciv_hosp
\endif
\if :{?icu}
\else
    \set icu mimiciv_icu
\endif

begin;

select format('create role %I login', :'builder')
where not exists (select 1 from pg_roles where rolname = :'builder')
\gexec

select format('grant connect, temporary on database %I to %I', current_database(), :'builder')
\gexec
grant usage on schema :"hosp", :"icu" to :"builder";
grant select on all tables in schema :"hosp", :"icu" to :"builder";
-- the external cohort, where it is loaded
select format('grant usage on schema zigong to %1$I; grant select on all tables in schema zigong to %1$I', :'builder')
where to_regnamespace('zigong') is not null
\gexec
create schema if not exists :"schema";
alter schema :"schema" owner to :"builder";

\if :{?reader}
select format('create role %I login', :'reader')
where not exists (select 1 from pg_roles where rolname = :'reader')
\gexec

select format('grant connect on database %I to %I', current_database(), :'reader')
\gexec
grant usage on schema :"schema" to :"reader";
grant select on all tables in schema :"schema" to :"reader";
-- a build makes its tables anew
alter default privileges for role :"builder" in schema :"schema" grant select on tables to :"reader";
\endif

commit;
