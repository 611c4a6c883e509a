"""Field encryption: columns that hold a patient's words are ciphertext at rest, and only the key holder reads them.

Keys are Fernet keys (32 random bytes, URL-safe base64). The first encrypts, all decrypt: keys rotate without a pause.
The key ring is set once at start-up by `configure_keys`; importing this module sets nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from bot.settings import SettingError
from bot.store.texts import from_json, to_json

_HOW = "make one with: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"

# No buttons and no metadata, as most lines have. A token's length tells that anyway, so each is made once a process.
EMPTY = (b"[]", b"{}")
Value = TypeVar("Value", str, list[Any], dict[str, Any])


class KeyRing:
    """The field-encryption keys of one installation, first one current."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise SettingError(f"MESOGUIDE_KEYS is empty; it needs at least one key. To get one, {_HOW}")
        self._cipher = MultiFernet([_fernet(key, number) for number, key in enumerate(keys, start=1)])
        self._index_keys = [hmac.digest(key.encode(), b"mesoguide blind index", "sha256") for key in keys]
        self._empty = {self._cipher.encrypt(plain).decode("ascii"): plain for plain in EMPTY}
        self._tokens = {plain: token for token, plain in self._empty.items()}

    def encrypt(self, plain: bytes) -> str:
        """Ciphertext under the current key, as ASCII text."""
        return self._tokens.get(plain) or self._cipher.encrypt(plain).decode("ascii")

    def decrypt(self, token: str) -> bytes:
        """The plain bytes; raises SettingError when none of the keys made this token."""
        if token in self._empty:
            return self._empty[token]
        try:
            return self._cipher.decrypt(token.encode("ascii"))
        except InvalidToken:
            raise SettingError("MESOGUIDE_KEYS has no key for a stored value; add the old key after the new") from None

    def reencrypt(self, token: str) -> str:
        """The same plain value under the current key."""
        return self._cipher.rotate(token.encode("ascii")).decode("ascii")

    def indexes(self, value: str) -> list[str]:
        """Keyed hashes of a value, one per key, current first: equal values are found, nobody can read them back."""
        plain = "".join(value.split()).casefold().encode()
        return [hmac.new(key, plain, hashlib.sha256).hexdigest() for key in self._index_keys]


_ring: KeyRing | None = None


def configure_keys(keys: Sequence[str]) -> None:
    """Set the process's keys; raises SettingError, and leaves the former keys, when one of them is unusable."""
    global _ring  # noqa: PLW0603 - the one holder; column types have no other way to reach the keys
    _ring = KeyRing(keys)


def forget_keys() -> None:
    """Drop the keys, as at the end of a test."""
    global _ring  # noqa: PLW0603 - see configure_keys
    _ring = None


def keys_are_configured() -> bool:
    return _ring is not None


def ring() -> KeyRing:
    """The process's keys; raises SettingError when start-up gave none."""
    if _ring is None:
        raise SettingError("MESOGUIDE_KEYS was not given to the store; call configure_keys(settings.keys) at start-up")
    return _ring


def blind_index(value: str) -> str:
    """What a row stores so that it can be found by an exact value (white space and case aside) without showing it."""
    return ring().indexes(value)[0]


def blind_indexes(value: str) -> list[str]:
    """Every index a stored row may have for the value while keys are being rotated; use with IN."""
    return ring().indexes(value)


class _Sealed:
    """A value with its ciphertext, made before the transaction that stores it. It is not changed any more."""

    token: str


class _SealedText(_Sealed, str): ...


class _SealedList(_Sealed, list[Any]): ...


class _SealedDict(_Sealed, dict[str, Any]): ...


def sealed(value: Value) -> Value:
    """The same text, list or dict, enciphered now: SQLite's only write lock need not be held for it."""
    kind: Any = _SealedText if isinstance(value, str) else _SealedList if isinstance(value, list) else _SealedDict
    made = kind(value)
    made.token = ring().encrypt(_plain(value) if isinstance(value, str) else to_json(value))
    return made  # type: ignore[no-any-return]


def _plain(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class EncryptedText(TypeDecorator[str]):
    """Text, encrypted at rest. It cannot be searched or ordered by."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if isinstance(value, _Sealed):
            return value.token
        return None if value is None else ring().encrypt(_plain(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else ring().decrypt(value).decode("utf-8", "surrogatepass")


class EncryptedJSON(TypeDecorator[Any]):
    """JSON, encrypted at rest. Assign a new value to change it: changes inside a value are not noticed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if isinstance(value, _Sealed):
            return value.token
        return None if value is None else ring().encrypt(to_json(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else from_json(ring().decrypt(value))


def _fernet(key: str, number: int) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise SettingError(f"MESOGUIDE_KEYS: key {number} is not 32 bytes in URL-safe base64; {_HOW}") from None
