{{ config(tags=['reconciliation']) }}

-- Every mart that adds up transactions has the same total: the one of the transactions.
with expected as (

  select
    coalesce(sum(amount), 0) as total_amount,
    coalesce(sum(signed_amount), 0) as net,
    count(*) as transaction_count
  from {{ ref('int_transactions_enriched') }}
  where not is_withdrawn

),

found as (

  {% set totals = {
    'customer_summary': 'total_amount',
    'customer_overview': 'total_amount',
    'monthly_cash_flow': 'total_amount',
    'transaction_type_ratio': 'total_amount',
    'transaction_size_buckets': 'total_amount',
    'customer_summary_size_buckets': 'total_amount'
  } %}
  {% for mart, column in totals.items() %}
  select '{{ mart }}' as mart, 'amount' as measure, coalesce(sum({{ column }}), 0) as found from {{ ref(mart) }}
  union all
  {% endfor %}
  {% for mart in ['customer_overview', 'monthly_cash_flow'] %}
  select '{{ mart }}' as mart, 'net' as measure, coalesce(sum(net), 0) as found from {{ ref(mart) }}
  union all
  {% endfor %}
  {% for mart in ['customer_summary', 'customer_overview', 'monthly_cash_flow', 'transaction_type_ratio'] %}
  select '{{ mart }}' as mart, 'count' as measure, coalesce(sum(transaction_count), 0) as found from {{ ref(mart) }}
  union all
  {% endfor %}
  select 'transaction_size_buckets' as mart, 'count' as measure, coalesce(sum(row_count), 0) as found
  from {{ ref('transaction_size_buckets') }}

),

compared as (

  select
    found.mart,
    found.measure,
    case found.measure
      when 'amount' then expected.total_amount
      when 'net' then expected.net
      else expected.transaction_count
    end as expected,
    found.found
  from found
  cross join expected

)

select
  mart || ' does not have the ' || measure || ' of all transactions' as what_went_wrong,
  expected,
  found,
  found - expected as difference
from compared
where found <> expected
