"""Every API view stands behind ``students.access``: the role must have the action, and rows come through the door."""

from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from students import access, audit
from students.access import Action
from students.models import Student, User

M = TypeVar("M", bound=Model)


class DoorView(GenericAPIView[Any]):
    """Base of the API views.

    Attributes:
        doors: HTTP method to the action it takes. A method that is not named is answered 405.
        student_path: lookup path from a row of ``queryset`` to its student; "" when the rows are students.
    """

    doors: ClassVar[dict[str, Action]] = {}
    student_path: ClassVar[str] = "student"
    metadata_class = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """The view function; ``door_actions`` on it tells the access table what the address takes."""
        view = super().as_view(**initkwargs)
        setattr(view, "door_actions", cls.doors)  # noqa: B010  (a plain attribute is unknown to the type checker)
        return view

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Sign-in and throttling, then the door. A role with none of the view's actions finds nothing here at all."""
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else request.method
        actions = [self.doors[method]] if method in self.doors else list(self.doors.values())
        if not any(access.allowed(request.user, action) for action in actions):
            raise Http404

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """No answer is kept by a browser or a proxy."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @property
    def user(self) -> User:
        """The signed-in user."""
        return access.signed_in(self.request)

    def rows(self, queryset: QuerySet[M], action: Action | None = None) -> QuerySet[M]:
        """The rows on which the user may do ``action`` (that of this request's method when None)."""
        return access.scoped(self.request.user, action or self._action(), queryset, self.student_path)

    def row(self, queryset: QuerySet[M], pk: UUID) -> M:
        """The row with this key on which the user may do this request's action; 404 otherwise."""
        return access.fetch(self.request.user, self._action(), queryset, pk, self.student_path)

    def student(self, pk: UUID) -> Student:
        """The student with this key on whom the user may do this request's action; 404 otherwise."""
        return access.fetch_student(self.request.user, self._action(), pk)

    def page(self, queryset: QuerySet[Any], serializer: type[BaseSerializer[Any]]) -> Response:
        """One page of ``queryset``."""
        rows = self.paginate_queryset(queryset)
        return self.get_paginated_response(serializer(rows, many=True, context=self.get_serializer_context()).data)

    def validated(self, serializer: type[BaseSerializer[Any]], partial: bool = False) -> Any:
        """The values of the body, or of the query for GET, checked by ``serializer``.

        Raises:
            ValidationError: with the fields that are wrong.
        """
        source = self.request.query_params if self.request.method in {"GET", "HEAD"} else self.request.data
        form = serializer(data=source, partial=partial, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        return form.validated_data

    def results_viewed(self, student: Student | UUID, object_type: str, object_ref: UUID) -> None:
        """Writes once per request that the user looked at what was recognised in a student."""
        audit.results_viewed(self.user, object_type, object_ref, student=student, via="api")

    def results_page(
        self, queryset: QuerySet[Any], serializer: type[BaseSerializer[Any]], object_type: str
    ) -> Response:
        """One page of rows that tell what was recognised in several students; that is looking at results."""
        response = self.page(queryset, serializer)
        audit.results_viewed(self.user, object_type, count=len(response.data["results"]), via="api")
        return response

    def _action(self) -> Action:
        return self.doors["GET" if self.request.method in {"HEAD", None} else str(self.request.method)]


class NothingHere(DoorView):
    """Any address below ``/api/v1/`` that is no other's: the same 404 as a row that one may not see."""

    doors = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Sign-in first, as everywhere, then nothing."""
        super().initial(request, *args, **kwargs)
        raise Http404
