"""`kip replay`: what the journal has of the time that a restore of the database has lost, applied again.

The order, each step written down before the next, so that a replay that is broken off goes on:

1. The journal's end is written down. What comes after it is new, and takes its own way: live posts as well as what the
   replay itself publishes.
2. Messages of posted events are published again, chunk by chunk, each only when both services have applied the one
   before it (their accounts say so). `obligation.*` isn't: what was announced in the lost time is announced anew by
   whoever decides it, from what is so by then.
3. In one transaction both audits go on from that end, which all before it is proven for, and the restore is replayed.
   Only now does notifications sweep, send and announce: nobody is accused for a report that lay in the journal. An
   audit that began before would have published all of the lost time again by itself.
4. The first sweep claims what was due in the lost time, and keeps it back: it may have been sent.
5. How every obligation stands is announced under the new epoch, which goes before whatever aggregation still has of the
   former one; then the figures are those of before the loss.
"""
