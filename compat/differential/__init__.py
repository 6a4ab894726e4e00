"""Side by side: the same scripted requests to pykbroker and to Apache Kafka, their decoded answers compared field by field."""
