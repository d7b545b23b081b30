// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

/**
 * The native library that is loaded. Each method throws {@link NativeLibraryException} where it cannot be used; none blocks, and any
 * thread may call them.
 *
 * @since 0.1.0
 */
public final class ChatLibrary {
    private ChatLibrary() {}

    /**
     * The version of the native library.
     *
     * @return such as {@code 0.1.0}
     * @since 0.1.0
     */
    public static String version() {
        Library library = Library.get();
        return library.text(library.raw.polyai_version());
    }

    /**
     * What calls the native library.
     *
     * @return {@code java.lang.foreign} (Java 22 and later) or {@code JNA}
     * @since 0.1.0
     */
    public static String mechanism() {
        return Library.get().mechanism;
    }

    /**
     * What the native library was built with.
     *
     * @return words separated by spaces: TLS, kinds of proxies, the platform
     * @since 0.1.0
     */
    public static String buildFeatures() {
        Library library = Library.get();
        return library.text(library.raw.polyai_build_features());
    }

    /**
     * The table of options.
     *
     * @return a JSON array of objects: {@code name}, {@code environment_variable}, {@code default}, {@code unit}, {@code is_secret},
     *     {@code summary}
     * @since 0.1.0
     */
    public static String optionsJson() {
        Library library = Library.get();
        try (Call call = new Call(library)) {
            return call.said(library.raw.polyai_options_json(call.out(2)));
        }
    }

    /**
     * The oldest ABI that the native library still has.
     *
     * @return its number
     * @since 0.1.0
     */
    public static int abiOldest() {
        return Library.get().raw.polyai_abi_oldest();
    }

    /**
     * The newest ABI that the native library has.
     *
     * @return its number
     * @since 0.1.0
     */
    public static int abiNewest() {
        return Library.get().raw.polyai_abi_newest();
    }

    /**
     * How many objects of the process have native parts that were not freed, for tests that look for leaks. Frees those of collected
     * objects first.
     *
     * @return the number, of all class loaders
     * @since 0.1.0
     */
    public static long liveHandles() {
        NativeObject.freeCollected();
        return Library.get().raw.polyai_live_handles();
    }
}
