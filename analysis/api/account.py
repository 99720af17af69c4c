"""Who am I, and tokens for scripts."""

from typing import Any

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.api.authentication import TokenAuthentication
from analysis.api.door import DoorView
from analysis.api.errors import InvalidCredentials
from analysis.api.serializers import CredentialsSerializer, MeSerializer, TokenSerializer
from students import access
from students.access import Action
from students.models import User
from students.people import token_create, token_revoke


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
        """A new token in return for user name and password. It is shown once; only its digest is stored.

        A user has ten tokens at most; keep one and use it again.
        """
        form = CredentialsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        token = token_create(_authenticated(request, **form.validated_data))
        answer = TokenSerializer({"token": token.text, "expires_at": token.row.expiry}).data
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})


class OwnTokenView(DoorView):
    """The token with which the request was made; a browser session has none and is not signed in here."""

    authentication_classes = (TokenAuthentication,)
    doors = {"DELETE": Action.ACCOUNT}

    @extend_schema(operation_id="token_delete", responses={204: None}, tags=["account"])
    def delete(self, request: Request) -> Response:
        """Ends the token with which this request is made."""
        token: Any = request.auth
        token_revoke(self.user, token.token_key)
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
