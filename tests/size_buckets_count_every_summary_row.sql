-- Every row of customer_summary falls into exactly one size bucket.
select
  'The size buckets do not count the rows of customer_summary' as what_went_wrong,
  rows_in_summary as expected,
  rows_in_buckets as found,
  rows_in_buckets - rows_in_summary as difference
from (
  select
    (select count(*) from {{ ref('customer_summary') }}) as rows_in_summary,
    (select coalesce(sum(row_count), 0) from {{ ref('customer_summary_size_buckets') }}) as rows_in_buckets
) as counted
where rows_in_buckets <> rows_in_summary
