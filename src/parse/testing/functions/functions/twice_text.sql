select x || {{ function('shop', 'rate_of') }}(1)::text
