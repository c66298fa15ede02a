"""What Python and its C library do with memory that isn't used: how often they look for it, and whose it is then."""

import ctypes
import gc

LARGE = 1024 * 1024  # bytes
_M_MMAP_THRESHOLD = -3  # mallopt(3)
_C = ctypes.CDLL(None)
_TRIM, _OPTION = (getattr(_C, name, None) for name in ("malloc_trim", "mallopt"))  # glibc's; others keep less
YOUNG = 100_000  # container objects made before a look at the young ones; a batch of 2,000 events makes about that many


def freeze_imports() -> None:
    """Freeze what a process has imported, before its first load makes collections that would go over all of it."""
    gc.freeze()


def settle(*, again: bool) -> None:
    """Freeze all that lives now (registry, modules) and collect new objects more rarely; call it after a load.

    The collector's rounds over them took a third of the time of a batch (measured). With `again`, what was frozen
    before is looked at too: what a former registry left behind would else never be freed.
    """
    if again:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 100)


def keep_large_apart() -> None:
    """Map each large allocation (a body) on its own, so that it goes back whole. Call it once, at the start.

    glibc does so until the first of them is freed; from then on it takes them from the heap, where small ones that live
    longer keep their place.
    """
    if _OPTION is not None:
        _OPTION(_M_MMAP_THRESHOLD, LARGE)


def give_back() -> None:
    """Return free pages to the machine (malloc_trim): glibc keeps those of every thread that has worked."""
    if _TRIM is not None:
        _TRIM(0)
