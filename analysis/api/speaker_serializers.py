"""Voices and turns over the wire: as ``python -m ml speakers --json`` prints them (``ml.turns``)."""

from typing import Any

from rest_framework import serializers

from analysis.models import Speaker, Turn


class SpeakerSerializer(serializers.Serializer[Any]):
    """One voice."""

    id = serializers.IntegerField(help_text="1, 2, ... in order of first speech.")
    seconds = serializers.FloatField(help_text="How long it speaks.")
    channel = serializers.IntegerField(allow_null=True, help_text="The sound channel that it has to itself.")
    face = serializers.IntegerField(allow_null=True, help_text="The face track whose lips move with it.")
    enrolled = serializers.BooleanField(help_text="It is the voice of a counsellor who enrolled it.")


class TurnSerializer(serializers.Serializer[Any]):
    """A stretch in which one voice speaks."""

    start_s = serializers.FloatField()
    end_s = serializers.FloatField()
    speaker = serializers.IntegerField()
    overlap = serializers.BooleanField(help_text="Somebody else speaks at the same time for most of it.")
    certainty = serializers.FloatField(min_value=0, max_value=1)


class SpeakersSerializer(serializers.Serializer[Any]):
    """Who speaks when; `count`, `next` and `previous` are those of the turns."""

    run = serializers.UUIDField(allow_null=True)
    student = serializers.IntegerField(allow_null=True)
    several = serializers.BooleanField(help_text="It is sure that more than one person speaks.")
    chosen = serializers.IntegerField(allow_null=True, help_text="The voice that a person said is the student's.")
    speakers = SpeakerSerializer(many=True)
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    turns = TurnSerializer(many=True)


class VoiceChoiceSerializer(serializers.Serializer[Any]):
    """Which voice, and which face, is the student's."""

    student = serializers.IntegerField(min_value=1, max_value=9999, allow_null=True)
    face = serializers.IntegerField(min_value=0, max_value=2**31 - 1, allow_null=True, required=False)


def speaker_row(speaker: Speaker) -> dict[str, Any]:
    """One voice as the engine prints it."""
    return {
        "id": speaker.number,
        "seconds": round(speaker.seconds, 3),
        "channel": speaker.channel,
        "face": speaker.face,
        "enrolled": speaker.enrolled,
    }


def turn_row(turn: Turn) -> dict[str, Any]:
    """One turn as the engine prints it."""
    return {
        "start_s": round(turn.start_s, 3),
        "end_s": round(turn.end_s, 3),
        "speaker": turn.speaker.number,
        "overlap": turn.overlap,
        "certainty": round(turn.certainty, 4),
    }
