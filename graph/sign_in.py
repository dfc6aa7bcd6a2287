"""Sign-in at the gateway: API keys as bearer tokens."""

from shared.platform.auth import Keys, Principal
from shared.vocabulary.errors import NotSignedIn


class SignIn:
    """Who stands behind an Authorization header."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def principal(self, authorization: object) -> Principal:
        """The holder of the key; NotSignedIn without one, or with an unknown or revoked one."""
        if not authorization:
            raise NotSignedIn("sign in with the header 'Authorization: Bearer <api key>'")
        if not isinstance(authorization, str):
            raise NotSignedIn("the authorization must be a text: 'Bearer tnr_…'")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.startswith("tnr_"):
            raise NotSignedIn("the Authorization header must be 'Bearer tnr_…'")
        return await self._keys.principal(token.strip())
