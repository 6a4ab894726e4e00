"""Environment variables of container images as configurations."""

from pykbroker.config.environment import from_environment


def test_the_images_spelling():
    """One underscore is a dot, two are an underscore, three are a dash."""
    found = from_environment(
        {"KAFKA_LOG_RETENTION_MS": "1", "KAFKA_A__B_C": "2", "KAFKA_A___B": "3", "PATH": "/bin", "LOG_DIRS": "x"}
    )

    assert found.configs == {"log.retention.ms": "1", "a_b.c": "2", "a-b": "3"}
    assert found.variables["log.retention.ms"] == "KAFKA_LOG_RETENTION_MS"


def test_bitnamis_prefix_wins():
    """An image that has it means it."""
    found = from_environment({"KAFKA_CFG_NODE_ID": "2", "KAFKA_NODE_ID": "1"})

    assert found.configs == {"node.id": "2"}
    assert found.variables == {"node.id": "KAFKA_CFG_NODE_ID"}


def test_what_is_about_the_image_is_passed_over():
    """Its JVM and its logging are not ours."""
    assert from_environment({"KAFKA_HEAP_OPTS": "-Xmx1G", "KAFKA_JMX_PORT": "9999", "KAFKA_OPTS": ""}).configs == {}


def test_cluster_id_and_topics():
    """The id a fresh cluster gets, and wurstmeister's list of topics."""
    found = from_environment({"CLUSTER_ID": "MkU3OEVBNTcwNTJENDM2Qg", "KAFKA_CREATE_TOPICS": "a:1:1, b:3:1:compact"})

    assert found.cluster_id == "MkU3OEVBNTcwNTJENDM2Qg"
    assert found.topics == ("a:1:1", "b:3:1:compact")
    assert found.configs == {}
