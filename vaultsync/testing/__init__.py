"""For authors of sources: the laws every source keeps, as tests of your own in three lines.

    from vaultsync.testing import SourceContract

    class TestMySource(SourceContract):
        def service(self, tmp_path):
            return lambda: MySource(...)

`memory` holds a source without a service behind it, to read, to copy and to test with.
"""

from vaultsync.testing.contract import SourceContract
from vaultsync.testing.memory import MemorySource, Shelf
from vaultsync.testing.pulling import Pulled

__all__ = ["MemorySource", "Pulled", "Shelf", "SourceContract"]
