"""A loopback HTTP service that speaks Readwise v2, Reader v3 and linkding, to try, demo and test with.

    with running() as sim:  # the sample library, behind http://127.0.0.1:PORT/api
        requests.get(f"{sim.base_url}/v2/export/", headers={"Authorization": f"Token {sim.token}"})
        sim.linkding.add("https://example.org/tea")  # to be found at f"{sim.linkding_url}/api/bookmarks/"

It is written from the services' documents and from answers they really gave, not from vaultsync's sources.
"""

from vaultsync.simulator.library import Library
from vaultsync.simulator.sample import sample_library
from vaultsync.simulator.server import Simulator, running

__all__ = ["Library", "Simulator", "running", "sample_library"]
