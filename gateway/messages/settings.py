"""Which channels carry messages (GATEWAY_MESSAGE_CHANNELS)."""

from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.messages.rules import Channel


class MessageSettings(BaseSettings):
    """`message_channels`: a JSON list, `["in_app"]` by default.

    `sms` and `wechat` are ports without a provider in this build: naming one keeps the gateway
    from starting, so that nobody believes that texts go out.
    """

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore")

    message_channels: tuple[Channel, ...] = (Channel.IN_APP,)


@cache
def channels() -> tuple[Channel, ...]:
    """The channels in use, read once."""
    return MessageSettings().message_channels
