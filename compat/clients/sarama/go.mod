module compat/sarama

go 1.23
