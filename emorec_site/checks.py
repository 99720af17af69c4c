"""Start-up checks: problems that would otherwise only show at the first upload at 18:00."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def folders_writable(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The media folder can be made and written."""
    folder = Path(settings.MEDIA_ROOT)
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if os.access(existing, os.W_OK):
        return []
    return [
        Error("The media folder cannot be written.", hint="Set EMOREC_MEDIA to a writable folder.", id="emorec.E001")
    ]


@register()
def fusion_weights_sum_to_one(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The decision-level fusion weights of face and voice form a convex combination."""
    alpha, beta = settings.EMOREC_FUSION_ALPHA, settings.EMOREC_FUSION_BETA
    if 0 <= alpha <= 1 and 0 <= beta <= 1 and abs(alpha + beta - 1) < 1e-9:
        return []
    return [
        Error(
            "EMOREC_FUSION_ALPHA and EMOREC_FUSION_BETA must lie in 0-1 and sum to 1.",
            hint="The paper's values are 0.6 for the face and 0.4 for the voice.",
            id="emorec.E002",
        )
    ]


@register()
def rules_are_known(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The settings that choose among ways of judging name one that exists."""
    choices = {"EMOREC_VOICE_BY": ("speech", "attention_lstm"), "EMOREC_FUSION": ("product", "weighted")}
    return [
        Error(f"{name} must be {' or '.join(values)}.", id="emorec.E004")
        for name, values in choices.items()
        if getattr(settings, name) not in values
    ]


@register()
def lease_outlives_heartbeat(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A worker that is alive renews its lease at least twice before it runs out."""
    if settings.EMOREC_LEASE_S >= 2 * settings.EMOREC_HEARTBEAT_S:
        return []
    return [Error("EMOREC_LEASE_S must be at least twice EMOREC_HEARTBEAT_S.", id="emorec.E003")]


@register()
def seal_keys_are_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every key that encrypts data in the database is a valid one."""
    try:
        for key in settings.EMOREC_SEAL_KEYS:
            Fernet(key)
    except ValueError:
        return [
            Error(
                "EMOREC_SEAL_KEYS must be Fernet keys: 32 random bytes each, URL-safe base64, separated by commas.",
                hint="python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
                id="emorec.E005",
            )
        ]
    return []
