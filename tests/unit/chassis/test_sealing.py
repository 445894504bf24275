import base64

import pytest

from chassis.errors import Unprocessable
from chassis.sealing import OpeningKeys, SealingKey

SECRET = "Correct-Horse-7-Battery"
PURPOSE = "password"


@pytest.fixture
def keys() -> OpeningKeys:
    return OpeningKeys(OpeningKeys.generate())


def refuse(keys: OpeningKeys, sealed: str, *, purpose: str = PURPOSE) -> None:
    with pytest.raises(Unprocessable) as refused:
        keys.open(sealed, purpose=purpose)
    assert refused.value.reason == "decode"
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("text", [SECRET, "", "пароль 🔑", "x" * 4096])
def test_what_was_sealed_opens_to_the_same_text(keys: OpeningKeys, text: str) -> None:
    assert keys.open(keys.sealing_key.seal(text, purpose=PURPOSE), purpose=PURPOSE) == text


def test_a_sealing_key_survives_being_written_down(keys: OpeningKeys) -> None:
    written = SealingKey.parse(str(keys.sealing_key))
    assert written == keys.sealing_key
    assert keys.open(written.seal(SECRET, purpose=PURPOSE), purpose=PURPOSE) == SECRET


def test_the_text_never_stands_in_what_was_sealed(keys: OpeningKeys) -> None:
    sealed = keys.sealing_key.seal(SECRET, purpose=PURPOSE)
    decoded = b"".join(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in sealed.split("."))
    assert SECRET not in sealed
    assert SECRET.encode() not in decoded


def test_the_same_text_is_sealed_differently_each_time(keys: OpeningKeys) -> None:
    assert len({keys.sealing_key.seal(SECRET, purpose=PURPOSE) for _ in range(3)}) == 3


def test_a_sealed_text_cannot_be_moved_to_another_field(keys: OpeningKeys) -> None:
    refuse(keys, keys.sealing_key.seal(SECRET, purpose=PURPOSE), purpose="verification token")


def test_another_service_cannot_open_it(keys: OpeningKeys) -> None:
    refuse(OpeningKeys(OpeningKeys.generate()), keys.sealing_key.seal(SECRET, purpose=PURPOSE))


def test_an_older_key_still_opens_and_no_longer_seals() -> None:
    old, new = OpeningKeys.generate(), OpeningKeys.generate()
    sealed_before = OpeningKeys(old).sealing_key.seal(SECRET, purpose=PURPOSE)
    rotated = OpeningKeys(new, old)
    assert rotated.open(sealed_before, purpose=PURPOSE) == SECRET
    assert rotated.sealing_key == OpeningKeys(new).sealing_key


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_text_is_refused_wherever_it_was_changed(keys: OpeningKeys, part: int) -> None:
    parts = keys.sealing_key.seal(SECRET, purpose=PURPOSE).split(".")
    parts[part] = ("B" if parts[part][0] == "A" else "A") + parts[part][1:]
    refuse(keys, ".".join(parts))


@pytest.mark.parametrize("sealed", ["", ".", "..", "a.b", "a.b.c.d", "не.base.64", SECRET])
def test_what_was_never_sealed_is_refused(keys: OpeningKeys, sealed: str) -> None:
    refuse(keys, sealed)


def test_a_public_key_that_shares_no_secret_is_refused(keys: OpeningKeys) -> None:
    key_id, _, ciphertext = keys.sealing_key.seal(SECRET, purpose=PURPOSE).split(".")
    refuse(keys, f"{key_id}.{'A' * 43}.{ciphertext}")


def test_a_service_without_a_key_does_not_start() -> None:
    with pytest.raises(ValueError, match="at least one opening key"):
        OpeningKeys()


def test_a_derived_key_is_stable_and_of_its_purpose_alone() -> None:
    old, new = OpeningKeys.generate(), OpeningKeys.generate()
    current, former = OpeningKeys(new, old).derive("refresh tokens")
    assert [current] == OpeningKeys(new).derive("refresh tokens")
    assert [former] == OpeningKeys(old).derive("refresh tokens")
    assert len({current, former, *OpeningKeys(new).derive("cursors")}) == 3
    assert len(current) == 32
