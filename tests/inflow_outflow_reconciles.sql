{{ config(tags=['reconciliation']) }}

-- The money in the inflow and outflow panel is all the money there is, once. The expected side comes from the accepted
-- rows and the table of types; it shares nothing with the view but those. A published version of this panel counted
-- every transaction as outflow: its total was 1.49 times the money that had moved.
with accepted as (

  select types.direction, transactions.amount
  from {{ ref('int_transactions_deduplicated') }} as transactions
  inner join {{ ref('transaction_types') }} as types on types.transaction_type = transactions.transaction_type
  where not transactions.is_withdrawn

),

expected as (

  select 'inflow' as flow, 'in' as direction, 'Inflow' as label
  union all
  select 'outflow', 'out', 'Outflow'

),

sides as (

  select
    expected.label,
    (
      select string_agg(label, ' and ' order by sort_order)
      from {{ ref('transaction_types') }} as types where types.direction = expected.direction
    ) as type_labels,
    (select coalesce(sum(amount), 0) from accepted where accepted.direction = expected.direction) as expected_amount,
    (select count(*) from accepted where accepted.direction = expected.direction) as expected_count,
    coalesce(shown.total_amount, 0) as found_amount,
    coalesce(shown.transaction_count, 0) as found_count
  from expected
  left join {{ ref('inflow_outflow') }} as shown on shown.flow = expected.flow

),

checks as (

  select
    'Inflow and outflow together do not make the amount of all accepted transactions' as what_went_wrong,
    (select coalesce(sum(amount), 0) from accepted) as expected,
    (select coalesce(sum(total_amount), 0) from {{ ref('inflow_outflow') }}) as found
  union all
  select
    label || ' is not the amount of its types (' || type_labels || ')' as what_went_wrong,
    expected_amount as expected,
    found_amount as found
  from sides
  union all
  select
    label || ' does not count the transactions of its types (' || type_labels || ')' as what_went_wrong,
    expected_count as expected,
    found_count as found
  from sides
  union all
  select
    'The shares of inflow and outflow do not make one whole' as what_went_wrong,
    1 as expected,
    coalesce(sum(share_of_amount), 1) as found
  from {{ ref('inflow_outflow') }}

)

select
  case
    when found > expected and expected > 0
      then what_went_wrong || ': something is counted ' || round(found / expected, 2) || ' times'
    when found < expected then what_went_wrong || ': something is missing'
    else what_went_wrong
  end as what_went_wrong,
  expected,
  found,
  found - expected as difference
from checks
where abs(found - expected) > 0.00001
