"""Settings for tests: config rules that fit on a page, and dice that always fall the same."""

import random

from pykbroker.controller.settings import EffectiveConfig, Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import CONFIG_BROKER, CONFIG_TOPIC
from pykbroker.metadata.replay import replay

DEFAULTS = {
    "cleanup.policy": "delete",
    "min.insync.replicas": "1",
    "retention.ms": "604800000",
    "unclean.leader.election.enable": "false",
}


class SimpleRules:
    """Knows four topic configs; numbers must be numbers."""

    def validate(self, resource_type, resource_name, configs):
        for name, value in configs.items():
            known = resource_type != CONFIG_TOPIC or name in DEFAULTS
            if not known or (name.endswith(".ms") and not value.lstrip("-").isdigit()):
                raise KafkaError(ErrorCode.INVALID_CONFIG, f"{name}={value}")

    def validate_broker_change(self, image, resource_name, configs):
        if "node.id" in configs:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "node.id is not dynamic")

    def is_list(self, resource_type, name):
        return name == "cleanup.policy"

    def default(self, resource_type, name):
        return DEFAULTS.get(name)

    def effective_topic_configs(self, image, overrides):
        return [
            EffectiveConfig(name, overrides.get(name, value), 1 if name in overrides else 5)
            for name, value in DEFAULTS.items()
        ]

    def topic_value(self, image, topic, name):
        by_cluster = image.config(CONFIG_BROKER, "").get(name, DEFAULTS[name])
        return image.topic_config(topic).get(name, by_cluster)


def settings(**fields):
    return Settings(**{"node_id": 1, "rules": SimpleRules(), "random": random.Random(1)} | fields)


def after(image, decision):
    """The image once a decision is in the log."""
    return replay(image, decision.records)
