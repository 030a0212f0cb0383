"""Who somebody is, and their tokens."""

from __future__ import annotations

from collections.abc import Sequence

from frontend.schemas.access import Identity, NewToken, Token
from frontend.transport import Transport, parse, part


class AccessCalls(Transport):
    """Identity and tokens."""

    def whoami(self) -> Identity:
        """For whom the service takes this client; ``LoginNeeded`` when its token is not accepted."""
        return parse(Identity, self._send("GET", "/whoami", timeout=10.0))

    def tokens(self) -> list[Token]:
        """One's own tokens, or everybody's for an administrator; never the tokens themselves."""
        return list(self._all(Token, "/tokens", {}))

    def make_token(self, user: str, name: str, scopes: Sequence[str], days: int) -> NewToken:
        """A token for somebody, by an administrator; its text is in this answer and never again."""
        body = {"user": user, "name": name, "scopes": list(scopes), "days": days}
        return parse(NewToken, self._send("POST", "/tokens", json=body))

    def revoke_token(self, token_id: str) -> None:
        """Take a token back: it is not accepted any more."""
        self._send("DELETE", f"/tokens/{part(token_id)}")
