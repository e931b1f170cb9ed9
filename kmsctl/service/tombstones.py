"""Lists of what is destroyed, to be carried to where a backup is restored."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.keystore.containers import KINDS, TOMBSTONES, Header, Writer
from kmsctl.model.times import parse_rfc3339, rfc3339
from kmsctl.service.backups import require_store
from kmsctl.service.maintenance import decide, record_reading
from kmsctl.service.unlocking import key_to_write, reader_of
from kmsctl.store import tombstones
from kmsctl.store.store import CONTROL
from kmsctl.store.tombstones import Tombstone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.unlocking import Container
    from kmsctl.store.ports import Keys


def export(kms: Kms, ctx: Context, sink: Callable[[bytes], object]) -> int:
    """Writes the list of all destroyed versions of the store. Returns how many there are."""
    store = require_store(kms)
    record_reading(kms, ctx, decide(kms, ctx, "ExportTombstones"), {})
    store.keys.check_settled()
    header = Header(TOMBSTONES, store.keys.store_id, kms.random(16))
    found: list[dict[str, str]] = []
    for name in store.names():
        database = store.find(name)
        if database is None or name == CONTROL:
            continue
        with database.read() as snapshot:
            found += [
                {"uid": each.uid.hex(), "name": each.name, "destroyTime": rfc3339(each.destroy_time)}
                for each in tombstones.each(snapshot)
            ]
    manifest: dict[str, object] = {
        "kind": "tombstones",
        "storeId": header.store_id.hex(),
        "createTime": rfc3339(kms.clock()),
        "destroyed": found,
    }
    key = key_to_write(store.keys, header)
    Writer(header, key, manifest, sink).finish()
    return len(found)


def read_tombstones(keys: Keys, container: Container) -> dict[bytes, Tombstone]:
    """Returns the versions in a list that `export` wrote, by their random ids.

    Raises:
        InvalidArgument: if it is no such list.
        FailedPrecondition: if it is another store's.
        IntegrityError: if it was changed or cut off.
    """
    header = Header.read(container.read, container.label)
    if header.kind != TOMBSTONES:
        raise InvalidArgument(f"{container.label} is a {KINDS[header.kind]}, not a {KINDS[TOMBSTONES]}.")
    if header.store_id != keys.store_id:
        raise FailedPrecondition(f"{container.label} is of another store.")
    reader = reader_of(header, keys, container)
    reader.finish()
    listed = [
        Tombstone(bytes.fromhex(each["uid"]), each["name"], parse_rfc3339(each["destroyTime"]))
        for each in reader.manifest["destroyed"]
    ]
    return {each.uid: each for each in listed}
