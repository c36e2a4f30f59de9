"""Importing a business and enqueuing its owner's invitation, in one transaction: both come about or neither."""

from businesses.tenant_file import Imported, import_business
from notifications.channels import EMAIL
from notifications.outbox import enqueue
from rhivo.claims import Claims, acting_as
from rhivo.db.operation import operation


@operation
def import_and_invite(content: bytes, *, replace: bool) -> Imported:
    """Import a tenant file; an owner whose address is not proved yet is mailed a link to set a password.

    Raises what the import raises.
    """
    imported = import_business(content, replace=replace)
    if imported.invitation is not None:
        business, user = imported.business, imported.invitation.user
        with acting_as(Claims(business_id=business.id, role="owner")):
            enqueue(
                channel=EMAIL,
                business_id=business.id,
                about=f"{imported.invitation.id} invitation",
                template="invitation",
                recipient=user.email,
                locale=business.locale,
                context={
                    # The link is made of it when the mail is written, so that the outbox keeps no secret.
                    "invitation_of": str(user.id),
                    "name": user.name,
                    "business": {"name": business.name, "subdomain": business.subdomain},
                },
            )
    return imported
