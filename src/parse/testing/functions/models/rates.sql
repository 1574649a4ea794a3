select 10 as up_to, 0.1 as rate
