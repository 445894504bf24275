from dataclasses import dataclass, replace
from typing import Any

from auth_worker.account import Account
from auth_worker.callers import Reauthentication, lock_caller
from auth_worker.endings import notice
from auth_worker.store import accounts
from auth_worker.verification import start_verification
from chassis.errors import Refusal
from chassis.sealing import SealingKey
from chassis.subscription import Answer, Delivery
from contracts.problems import CURRENT_PASSWORD_INCORRECT, EMAIL_TAKEN, PRECONDITION_FAILED
from contracts.profile import ProfilePatch, UpdateProfile, UserUpdated


@dataclass(frozen=True)
class UpdateProfileHandler:
    reauthenticate: Reauthentication
    notifier_key: SealingKey

    async def __call__(self, command: UpdateProfile, delivery: Delivery) -> Answer:
        account = await self._lock(command, delivery)
        if command.if_match is not None and account.version not in command.if_match:
            raise Refusal(PRECONDITION_FAILED, facts={"current_etag": f'"{account.version}"'})
        changes = _changes(account, command.patch)
        if not changes:
            return Answer(account.view())
        address_changes = "email" in changes
        wanted = replace(
            account,
            display_name=command.patch.display_name if "display_name" in changes else account.display_name,
            email=command.patch.email if address_changes else account.email,
            email_verified_at=None if address_changes else account.email_verified_at,
            version=account.version + 1,
        )
        saved = await accounts.save_account(delivery.connection, wanted)
        if saved is None:
            raise Refusal(EMAIL_TAKEN)
        updated = UserUpdated(
            user=account.person, version=saved.version, changes=changes, actor=account.person, audience=(account.id,)
        )
        if not address_changes:
            return Answer(saved.view(), updated)
        verification = await start_verification(delivery.connection, saved, notifier_key=self.notifier_key)
        return Answer(saved.view(), updated, verification, notice(account, "email_changed"))

    async def _lock(self, command: UpdateProfile, delivery: Delivery) -> Account:
        if "email" not in command.patch.model_fields_set:
            return await lock_caller(delivery)
        if command.sealed_current_password is None:
            raise Refusal(CURRENT_PASSWORD_INCORRECT, "another e-mail address needs current_password")
        return await self.reauthenticate(delivery, command.sealed_current_password)


def _changes(account: Account, patch: ProfilePatch) -> dict[str, Any]:
    """Of the address nothing but that it changed: events go to many."""
    changes: dict[str, Any] = {}
    if "display_name" in patch.model_fields_set and patch.display_name != account.display_name:
        changes["display_name"] = {"old": account.display_name, "new": patch.display_name}
    if "email" in patch.model_fields_set and patch.email != account.email:
        changes["email"] = {"old": None, "new": None}
    return changes
