"""How a conversation went, over the wire. The numbers pass through as they are stored; these only tell the schema."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analysis.talk.figures import OF_A_VOICE


class NumberSerializer(serializers.Serializer[Any]):
    """A number with its 95 % interval, how much it rests on, and where the middle half of that lies."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField(help_text="Turns, pauses, answers or events that it was made of.")
    quartiles = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2, allow_null=True)


class DescriptionsField(serializers.DictField):
    """Numbers keyed by what they describe."""

    child = NumberSerializer()


class FiguresField(serializers.DictField):
    """The numbers of a voice, keyed by what they describe; null where there is too little to say."""

    child = NumberSerializer(allow_null=True)


class VoiceFiguresSerializer(serializers.Serializer[Any]):
    """One voice."""

    id = serializers.IntegerField()
    seconds = serializers.FloatField()
    alone_s = serializers.FloatField(help_text="Seconds in which nobody else speaks.")
    turns = serializers.IntegerField(help_text="How often it has the floor.")
    certainty = serializers.FloatField(help_text="How sure it is that the speech is this voice's, 0-1.")
    figures = FiguresField(help_text=f"Keys: {', '.join(OF_A_VOICE)}. Seconds (_s), shares of 1, syllables/s, Hz, dB.")


class StoredConversationSerializer(serializers.Serializer[Any]):
    """How the conversation went, as the engine describes it."""

    version = serializers.IntegerField()
    duration_s = serializers.FloatField()
    overlap_s = serializers.FloatField(help_text="Seconds in which several speak at once.")
    silent_s = serializers.FloatField(help_text="Seconds in which nobody speaks.")
    silent_share = NumberSerializer(allow_null=True)
    gap_s = NumberSerializer(allow_null=True, help_text="Silence between the turns of two voices.")
    voices = VoiceFiguresSerializer(many=True)
    student = serializers.IntegerField(allow_null=True, help_text="The student's voice; null where it is not known.")


class UsualSerializer(serializers.Serializer[Any]):
    """A description over the student's other sessions, of which there are at least three."""

    median = serializers.FloatField()
    lower = serializers.FloatField(help_text="The middle half of the sessions lies from here")
    upper = serializers.FloatField(help_text="to here.")
    least = serializers.FloatField()
    greatest = serializers.FloatField()
    sessions = serializers.IntegerField()


@extend_schema_field(StoredConversationSerializer(allow_null=True))
class StoredConversation(serializers.JSONField):
    """The conversation as it is stored."""


class UsualsField(serializers.DictField):
    """What is usual for the student, keyed by description; absent where fewer than three other sessions have it."""

    child = UsualSerializer()


class ConversationSerializer(serializers.Serializer[Any]):
    """How one recording's conversation went, and what is usual for the student."""

    run = serializers.UUIDField(allow_null=True)
    conversation = StoredConversation(allow_null=True)
    usual = UsualsField()
