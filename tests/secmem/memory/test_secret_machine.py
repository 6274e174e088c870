from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from secmem.memory import (
    Access,
    CloseInsideAccess,
    MemoryProtection,
    Secret,
    SecretClosed,
    SecretFactory,
    SecretReader,
    Storage,
    ViewEscaped,
    live_secret_count,
    memory_usage,
    purge_all,
)


class Model:
    """What one secret should be."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.closing = False
        self.open: list[Access] = []
        self.slices: list[memoryview] = []


class SecretMachine(RuleBasedStateMachine):
    """Any order of calls by one thread, on many secrets of both storages, against a model."""

    secrets = Bundle("secrets")
    accesses = Bundle("accesses")
    slices = Bundle("slices")

    def __init__(self) -> None:
        super().__init__()
        self.factories = {storage: SecretFactory(storage=storage) for storage in Storage}
        self.models: dict[int, Model] = {}
        self.handles: list[Secret] = []

    def _model(self, secret: Secret) -> Model:
        return self.models[id(secret._state)]

    @rule(
        target=secrets,
        data=st.binary(min_size=1, max_size=80),
        storage=st.sampled_from(list(Storage)),
    )
    def make(self, data: bytes, storage: Storage) -> Secret:
        buffer = bytearray(data)
        secret = self.factories[storage].new(buffer)
        assert buffer == bytes(len(data))
        self.models[id(secret._state)] = Model(data)
        self.handles.append(secret)
        return secret

    @rule(target=secrets, secret=secrets)
    def clone(self, secret: Secret) -> Secret:
        return secret.clone()

    @rule(target=accesses, secret=secrets)
    def enter(self, secret: Secret) -> Any:
        model, access = self._model(secret), secret.access()
        try:
            view = access.__enter__()
        except SecretClosed:
            assert model.closing
            return multiple()
        assert not model.closing
        assert view == model.data
        model.open.append(access)
        return secret, access

    @rule(target=slices, entered=consumes(accesses), escapes=st.booleans(), raises=st.booleans())
    def leave(self, entered: Any, escapes: bool, raises: bool) -> Any:  # noqa: FBT001
        secret, access = entered
        model = self._model(secret)
        kept = access.view[:1] if escapes else None
        error = LookupError() if raises else None
        try:
            access.__exit__(type(error) if error else None, error, None)
        except ViewEscaped:
            assert escapes
            assert not raises
        else:
            assert raises or not escapes
        model.open.remove(access)
        if kept is None:
            return multiple()
        assert kept == model.data[:1]
        model.slices.append(kept)
        return secret, kept

    @rule(dropped=consumes(slices))
    def drop_slice(self, dropped: Any) -> None:
        secret, kept = dropped
        assert kept == self._model(secret).data[:1]
        # By identity: views of equal bytes are equal.
        model = self._model(secret)
        model.slices = [view for view in model.slices if view is not kept]
        kept.release()

    @rule(secret=secrets)
    def close(self, secret: Secret) -> None:
        model = self._model(secret)
        try:
            secret.close(timeout_s=0)
        except CloseInsideAccess as error:
            assert error.depth == len(model.open)  # noqa: PT017  # an else follows
        except ViewEscaped as error:
            assert error.survivors == len(model.slices)  # noqa: PT017
            model.closing = True
        else:
            assert not model.open
            assert not model.slices
            model.closing = True
            assert secret.closed

    @rule(secret=secrets, size=st.integers(0, 9))
    def read(self, secret: Secret, size: int) -> None:
        model, reader = self._model(secret), SecretReader(secret)
        try:
            assert reader.read(size) + reader.read() == model.data
        except SecretClosed:
            assert model.closing

    @rule(secret=secrets)
    def transform(self, secret: Secret) -> None:
        model, made = self._model(secret), bytearray()

        def double(view: memoryview) -> tuple[int, bytearray]:
            made.extend(view)
            return sum(view), made

        try:
            assert secret.with_bytes_func(double) == sum(model.data)
        except SecretClosed:
            assert model.closing
        assert not any(made)

    @invariant()
    def page_protection_fits(self) -> None:
        for secret in self.handles:
            model = self._model(secret)
            if secret.closed:
                continue
            assert secret._state.accesses == len(model.open)
            needed = bool(model.open or model.slices)
            if secret.storage is Storage.PAGE:
                assert (secret.protection is MemoryProtection.READ_ONLY) == needed
            elif needed:
                assert secret.protection is MemoryProtection.READ_ONLY

    @invariant()
    def books_are_right(self) -> None:
        assert live_secret_count() == sum(not secret.closed for secret in self.handles)

    def teardown(self) -> None:
        for model in self.models.values():
            for access in model.open:
                access.__exit__(None, None, None)
            for kept in model.slices:
                kept.release()
        purge_all()
        self.handles.clear()
        if memory_usage().mapped_bytes:
            gc.collect()
        assert live_secret_count() == 0
        assert memory_usage().mapped_bytes == 0


TestSecretMachine: Any = pytest.mark.property(SecretMachine.TestCase)
