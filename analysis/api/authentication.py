"""Token authentication: ``Authorization: Token <token>``; only a digest of the token is stored."""

from knox.auth import TokenAuthentication as KnoxTokenAuthentication


class TokenAuthentication(KnoxTokenAuthentication):
    """Knox's token authentication under the project's own name."""
