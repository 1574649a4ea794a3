{{ config(tags=['reconciliation']) }}

-- accepted + rejected + duplicates = raw, over everything, in rows and in money.
with totals as (

  select
    sum(raw_rows) as raw_rows,
    sum(accepted_rows + rejected_rows + duplicate_rows) as placed_rows,
    sum(raw_amount) as raw_amount,
    sum(accepted_amount + rejected_amount + duplicate_amount) as placed_amount
  from {{ ref('reconciliation_daily') }}

)

select
  'Accepted, rejected and duplicate rows do not add up to the rows of the files' as what_went_wrong,
  raw_rows as expected,
  placed_rows as found,
  placed_rows - raw_rows as difference
from totals
where placed_rows <> raw_rows

union all

select
  'The amounts of accepted, rejected and duplicate rows do not add up to the amount in the files' as what_went_wrong,
  raw_amount as expected,
  placed_amount as found,
  placed_amount - raw_amount as difference
from totals
where placed_amount <> raw_amount
