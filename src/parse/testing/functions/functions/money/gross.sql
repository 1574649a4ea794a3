select net * (1 + rate)
