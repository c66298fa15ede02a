"""RabbitMQ, as all services and commands use it."""

from shared.broker.frames import read_any_properties

read_any_properties()
