// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** An object that has a handle of the library. The handle of one that was collected is freed at the next call, so that no thread is needed. */
abstract class NativeObject {
    private static final ReferenceQueue<NativeObject> COLLECTED = new ReferenceQueue<>();
    private static final Set<Handle> ALL = ConcurrentHashMap.newKeySet();

    final Library library;
    private final Handle handle;
    private volatile boolean isUsed;

    interface Free {
        void free(Raw raw, long handle);
    }

    private static final class Handle extends PhantomReference<NativeObject> {
        private final AtomicLong value;
        private final Raw raw;
        private final Free free;

        Handle(NativeObject of, long value, Raw raw, Free free) {
            super(of, COLLECTED);
            this.value = new AtomicLong(value);
            this.raw = raw;
            this.free = free;
        }

        void free() {
            ALL.remove(this);
            long given = value.getAndSet(0);
            if (given != 0) {
                free.free(raw, given);
            }
        }
    }

    NativeObject(Library library, long handle, Free free) {
        this.library = library;
        this.handle = new Handle(this, handle, library.raw, free);
        ALL.add(this.handle);
        freeCollected();
    }

    static void freeCollected() {
        for (Object each = COLLECTED.poll(); each != null; each = COLLECTED.poll()) {
            ((Handle) each).free();
        }
    }

    /** The handle; 0, which the library refuses, once it was freed. */
    final long handle() {
        return handle.value.get();
    }

    final void free() {
        handle.free();
    }

    /** Keeps this object, and so its handle, until here. Java 8 has no reachabilityFence. */
    final void keep() {
        isUsed = true;
    }
}
