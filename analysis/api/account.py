"""Who am I, and tokens for scripts."""

from django.contrib.auth import authenticate
from django.db import transaction
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.api.door import DoorView
from analysis.api.errors import InvalidCredentials
from analysis.api.serializers import CredentialsSerializer, MeSerializer, TokenSerializer
from students import access, audit
from students.access import Action
from students.models import User


class MeView(DoorView):
    """The signed-in user."""

    doors = {"GET": Action.ACCOUNT}

    @extend_schema(operation_id="me", responses=MeSerializer, tags=["account"])
    def get(self, request: Request) -> Response:
        """The signed-in user, their role, and what the role may do for at least some students."""
        user = self.user
        actions = [action.value for action in Action if access.allowed(user, action)]
        me = {"id": user.pk, "username": user.username, "name": str(user), "role": user.role, "actions": actions}
        return Response(MeSerializer(me).data)


class TokenView(APIView):
    """The one address that is open to everyone: it is where a script signs in."""

    authentication_classes = ()
    permission_classes = ()
    throttle_scope = "token"
    metadata_class = None

    @extend_schema(
        operation_id="token_create", request=CredentialsSerializer, responses={201: TokenSerializer}, tags=["account"]
    )
    def post(self, request: Request) -> Response:
        """A new token in return for user name and password. It is shown once; only its digest is stored."""
        form = CredentialsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = _authenticated(request, **form.validated_data)
        with transaction.atomic():
            row, token = AuthToken.objects.create(user)
            audit.record("token.create", actor=user, object_type="user", object_ref=user.pk)
        answer = TokenSerializer({"token": token, "expires_at": row.expiry}).data
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})


class OwnTokenView(DoorView):
    """The token with which the request was made."""

    doors = {"DELETE": Action.ACCOUNT}

    @extend_schema(operation_id="token_delete", responses={204: None}, tags=["account"])
    def delete(self, request: Request) -> Response:
        """Ends the token with which this request is made. Without one (a browser session) nothing ends."""
        if isinstance(request.auth, AuthToken):
            with transaction.atomic():
                request.auth.delete()
                audit.record("token.delete", actor=self.user, object_type="user", object_ref=self.user.pk)
        return Response(status=204)


def _authenticated(request: Request, username: str, password: str) -> User:
    """The user with this name and password; failures count towards the same lock-out as those of the sign-in page."""
    user = authenticate(request._request, username=username, password=password)
    # Left on the request, the mark would make the middleware replace this answer by a page.
    if request._request.__dict__.pop("axes_locked_out", False):
        raise Throttled
    if not isinstance(user, User):
        raise InvalidCredentials
    return user
