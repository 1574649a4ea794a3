-- A line of a file is a row or it is quarantined: never both.
select
  'A line was loaded and quarantined as well' as what_went_wrong,
  loaded._file,
  loaded._line
from {{ source('raw', 'transactions') }} as loaded
inner join {{ source('raw', 'transactions__rejected') }} as quarantined
  on quarantined._file = loaded._file
  and quarantined._line = loaded._line
