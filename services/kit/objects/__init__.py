"""Where whole objects lie that a database should not hold: pictures, documents, workbooks.

    store = kit.objects                          # by setting: a folder, or an S3-compatible bucket
    await store.put("events/imports/0191…", b"…")          # or a Path; whole or not at all
    async for piece in await store.read(key, start=0, length=100): …
    await store.delete(key)                      # one that is not there is no error

An object is written once under a key that its writer chose at random and recorded in its own
database, and never changed: so there is nothing to lock, and a reader never sees half of one.
Raises ObjectGone, StoreFull, StoreAway. KEPU_OBJECTS_URL says where: unset is a folder of
KEPU_HOME, `file:///folder` another one, `s3://bucket/prefix` a bucket.
"""

from services.kit.objects.port import ObjectGone, ObjectStore, StoreAway, StoreFull, whole
from services.kit.objects.settings import ObjectSettings, object_store

__all__ = [
    "ObjectGone",
    "ObjectSettings",
    "ObjectStore",
    "StoreAway",
    "StoreFull",
    "object_store",
    "whole",
]
