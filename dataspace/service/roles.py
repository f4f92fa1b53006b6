"""What a role covers, before any policy is asked."""

from dataspace.errors import NotAllowed
from dataspace.model.principals import Principal, Role


def require(principal: Principal, role: Role) -> None:
    """Raise NotAllowed unless the principal holds the role."""
    if role not in principal.roles:
        raise NotAllowed(f"Only a {role.value} may do this.", "Ask one, or sign in as one.")
