{#
  Who may read what:
    bank_reader         everything in marts that shows no customer's name
    bank_personal_data  the same, and the names
  Both are groups without a login; a tool's login becomes a member of one of them. Neither sees another schema.
#}

{#
  Creates the roles where they are missing. Roles belong to the whole server, so another database's build may be doing
  the same at this moment: losing that race is fine.
#}
{% macro create_reader_roles() %}
do $$
begin
  if not exists (select from pg_roles where rolname = 'bank_reader') then
    begin
      create role bank_reader nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  if not exists (select from pg_roles where rolname = 'bank_personal_data') then
    begin
      create role bank_personal_data nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  if not pg_has_role('bank_personal_data', 'bank_reader', 'member') then
    begin
      grant bank_reader to bank_personal_data;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
exception when insufficient_privilege then
  raise exception 'The readers'' roles are missing and % may not create them', current_user
    using hint = 'Ask an administrator to run: create role bank_reader nologin; create role bank_personal_data nologin; grant bank_reader to bank_personal_data;';
end
$$
{% endmacro %}

{# Lets the readers into the marts, which exist by now. Only when needed: two grants at once get in each other's way. #}
{% macro open_marts_to_readers() %}
{% set marts = generate_schema_name('marts', none) | trim %}
do $$
begin
  perform pg_advisory_xact_lock(hashtext('open marts to readers'));
  if to_regnamespace('{{ marts }}') is not null
    and not has_schema_privilege('bank_reader', '{{ marts }}', 'usage') then
    grant usage on schema {{ marts }} to bank_reader;
  end if;
end
$$
{% endmacro %}

{# Leaves the initials of a name: Jonathan Gentry becomes J*** G***. The number of stars says nothing about its length. #}
{% macro masked_name(column) -%}
  regexp_replace({{ column }}, '(\S)\S*', '\1***', 'g')
{%- endmacro %}
