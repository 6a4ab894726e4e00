module compat/kafka-go

go 1.23
