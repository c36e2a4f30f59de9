"""Reading requests strictly, where DRF ignores unknown fields, and answering with the serializer of the schema."""

from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that names unknown fields instead of dropping them."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := [key for key in data if key not in self.fields]):
            raise serializers.ValidationError({str(key): ["Unknown field."] for key in unknown})
        return super().to_internal_value(data)


def body_of(request: Request, serializer: type[StrictSerializer]) -> dict[str, Any]:
    """Return the validated body; a refusal is a MALFORMED problem."""
    read = serializer(data=request.data)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


def query_of(request: Request, serializer: type[StrictSerializer]) -> dict[str, Any]:
    """Return the validated query parameters; a refusal is a MALFORMED problem."""
    read = serializer(data=request.query_params.dict())
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


def answer_of(serializer: type[serializers.Serializer[Any]], shown: Any) -> dict[str, Any]:
    """Return what a serializer shows of a row or value. It gets no context."""
    return _built(serializer).to_representation(shown)


# One for the whole process. To build a serializer copies each of its fields, which takes five to ten times as long as
# to show an appointment with it. Threads may share it: `to_representation` keeps nothing in the serializer.
@cache
def _built(serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    return serializer()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem; `code` is stable, `errors` names fields, some codes carry further members."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # a field here, where DRF has a property
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    alternatives = serializers.ListField(
        child=serializers.DateTimeField(), required=False, help_text="With SLOT_UNAVAILABLE: nearest free starts"
    )
    current_version = serializers.IntegerField(required=False, help_text="With VERSION_CONFLICT")
