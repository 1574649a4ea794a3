-- A month opens with what the month before has closed with, for every type.
with months as (

  select
    cash_month,
    transaction_type,
    opening_balance,
    lag(closing_balance, 1, 0.00) over (partition by transaction_type order by cash_month) as previous_closing_balance
  from {{ ref('monthly_cash_flow') }}

)

select
  to_char(cash_month, 'YYYY-MM') || ' does not open with the last month''s closing balance for ' || transaction_type
    as what_went_wrong,
  previous_closing_balance as expected,
  opening_balance as found,
  opening_balance - previous_closing_balance as difference
from months
where opening_balance <> previous_closing_balance
