-- What the database itself answers when asked about the readers' roles, memberships and PUBLIC included.
{% set shows_names = ['dim_customers', 'customer_summary', 'top_customers'] %}
{% set open_to_all = [
  'dim_customers_masked', 'customer_summary_masked', 'customer_overview', 'monthly_cash_flow',
  'transaction_type_ratio', 'transaction_value_stats', 'transaction_size_buckets', 'customer_summary_size_buckets',
  'inflow_outflow', 'large_transactions', 'dormant_customers', 'reconciliation_daily'
] %}
with rights as (

  {% for mart in shows_names %}
  select 'bank_reader' as reader, '{{ mart }}' as mart, false as expected,
    has_any_column_privilege('bank_reader', '{{ ref(mart) }}', 'select') as found
  union all
  {% endfor %}
  {% for mart in shows_names + open_to_all %}
  select 'bank_personal_data' as reader, '{{ mart }}' as mart, true as expected,
    has_table_privilege('bank_personal_data', '{{ ref(mart) }}', 'select') as found
  union all
  {% endfor %}
  {% for mart in open_to_all %}
  select 'bank_reader' as reader, '{{ mart }}' as mart, true as expected,
    has_table_privilege('bank_reader', '{{ ref(mart) }}', 'select') as found
  union all
  {% endfor %}
  {% for relation in [source('raw', 'transactions'), ref('stg_transactions'), ref('int_transactions_enriched')] %}
  select 'bank_personal_data' as reader, '{{ relation.schema }}.{{ relation.identifier }}' as mart, false as expected,
    has_any_column_privilege('bank_personal_data', '{{ relation }}', 'select') as found
  {% if not loop.last %}union all{% endif %}
  {% endfor %}

)

select
  reader || case when found then ' can read ' else ' cannot read ' end || mart as what_went_wrong,
  expected,
  found
from rights
where found <> expected
