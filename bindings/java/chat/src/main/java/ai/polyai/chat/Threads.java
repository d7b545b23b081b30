// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** What Java 8 does not know of threads. */
final class Threads {
    private static final MethodHandle IS_VIRTUAL = isVirtual();

    private Threads() {}

    private static MethodHandle isVirtual() {
        try {
            return MethodHandles.publicLookup().findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
        } catch (ReflectiveOperationException older) {
            return null;
        }
    }

    /** Whether this thread would hold its carrier while it waits inside of the library. */
    static boolean holdsCarrier() {
        try {
            return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invokeExact(Thread.currentThread());
        } catch (Throwable impossible) {
            return false;
        }
    }
}
