module compat/franz-go

go 1.23
