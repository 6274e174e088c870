"""A key in protected pages: readable only inside an access, wiped at the end."""

from secmem.memory import SecretClosed, SecretFactory

key = bytearray(b"thirty-two bytes of key material")
secret = SecretFactory().new(key)
assert not any(key), "the caller's copy is wiped once the secret holds the bytes"

with secret.access() as view:
    print(len(view), "bytes, readable here")

secret.close()
try:
    secret.access().__enter__()
except SecretClosed as error:
    print("after close:", type(error).__name__)
