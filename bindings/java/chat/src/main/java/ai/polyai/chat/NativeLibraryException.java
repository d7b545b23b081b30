// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

/**
 * The native library {@code libpolyai_chat} cannot be used: it was not found, is for another platform, or is of another release. The
 * message lists where it was looked for, what was wrong there, and what to install.
 *
 * <p>Thrown by whatever is called first, and again by later calls, which look for it anew.
 *
 * @since 0.1.0
 */
public final class NativeLibraryException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    NativeLibraryException(String message, Throwable cause) {
        super(message, cause);
    }
}
