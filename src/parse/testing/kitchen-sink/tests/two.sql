select * from {{ ref('dim') }}, {{ ref('root_model') }} where false
