"""Students and what they agreed to."""

from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.door import DoorView
from analysis.api.errors import Conflict
from analysis.api.parsers import BoundedJSONParser
from analysis.api.serializers import (
    ConsentSerializer,
    ConsentWriteSerializer,
    StudentDetailSerializer,
    StudentSerializer,
    StudentWriteSerializer,
)
from students.access import Action
from students.consent import consent_grant, consent_withdraw, in_force
from students.models import Consent, Student
from students.student_record import student_create, student_update


class StudentsView(DoorView):
    """The students the user may see."""

    doors = {"GET": Action.STUDENT_VIEW, "POST": Action.STUDENT_MANAGE}
    student_path = ""

    @extend_schema(operation_id="students_list", responses=StudentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The students the user may see, by name."""
        return self.page(self.rows(Student.objects.order_by("name", "number", "pk")), StudentSerializer)

    @extend_schema(
        operation_id="students_create", request=StudentWriteSerializer, responses={201: StudentDetailSerializer}
    )
    def post(self, request: Request) -> Response:
        """A new student (administrators)."""
        student = student_create(by=self.user, **self.validated(StudentWriteSerializer))
        return Response(StudentDetailSerializer(student).data, status=201)


class StudentView(DoorView):
    """One student."""

    doors = {"GET": Action.STUDENT_VIEW, "PATCH": Action.STUDENT_MANAGE}
    student_path = ""

    @extend_schema(operation_id="students_get", responses=StudentDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """A student, with the purposes that are covered by consent right now."""
        return Response(StudentDetailSerializer(self.student(pk)).data)

    @extend_schema(operation_id="students_update", request=StudentWriteSerializer, responses=StudentDetailSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Changes the fields that are sent (administrators)."""
        student = self.student(pk)
        student = student_update(student, by=self.user, **self.validated(StudentWriteSerializer, partial=True))
        return Response(StudentDetailSerializer(student).data)


class ConsentsView(DoorView):
    """What one student agreed to."""

    doors = {"GET": Action.CONSENT_VIEW, "POST": Action.CONSENT_GRANT}
    parser_classes = (BoundedJSONParser, MultiPartParser)

    @extend_schema(operation_id="consents_list", responses=ConsentSerializer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """Every consent of the student, the newest first, ended ones included."""
        return self.page(_with_details(Consent.objects.filter(student=self.student(pk))), ConsentSerializer)

    @extend_schema(
        operation_id="consents_grant",
        request={"application/json": ConsentWriteSerializer, "multipart/form-data": ConsentWriteSerializer},
        responses={201: ConsentSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Records that the student agrees to a purpose (administrators). A standing consent for it is replaced."""
        student = self.student(pk)
        consent = consent_grant(student, by=self.user, **self.validated(ConsentWriteSerializer))
        return Response(ConsentSerializer(_with_details(Consent.objects.filter(pk=consent.pk)).get()).data, status=201)


class ConsentWithdrawView(DoorView):
    """The end of one consent."""

    doors = {"POST": Action.CONSENT_WITHDRAW}

    @extend_schema(operation_id="consents_withdraw", request=None, responses=ConsentSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Ends a consent at once, and removes what rests on it: runs under way, recordings, results."""
        consent = self.row(Consent.objects.select_related("student"), pk)
        if not consent_withdraw(consent, by=self.user):
            raise Conflict
        return Response(ConsentSerializer(_with_details(Consent.objects.filter(pk=pk)).get()).data)


def _with_details(consents: QuerySet[Consent]) -> QuerySet[Consent]:
    """Consents with everything their serializer reads, in two-step order."""
    holds = ExpressionWrapper(in_force(), output_field=BooleanField())
    return consents.select_related("granted_by").annotate(in_force=holds).order_by("-granted_at", "pk")
