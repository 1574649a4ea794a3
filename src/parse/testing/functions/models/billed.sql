select {{ function('gross') }}(up_to) as total, {{ function('shop', 'twice') }}(1) as two from {{ ref('rates') }}
