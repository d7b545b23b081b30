// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/** Loads the library by JNA, and says what is to be done where JNA itself cannot be used. */
final class JnaLoader {
    private JnaLoader() {}

    static Raw load(String library) {
        prepare();
        NativeLibrary loaded = NativeLibrary.getInstance(library);
        Library.checkAbi(
                loaded.getFunction("polyai_abi_oldest").invokeInt(new Object[0]),
                loaded.getFunction("polyai_abi_newest").invokeInt(new Object[0]));
        return new RawJna(loaded);
    }

    /** Has JNA load its own part. */
    private static void prepare() {
        boolean isOf64Bits;
        try {
            isOf64Bits = Native.POINTER_SIZE == Long.BYTES;
        } catch (NoClassDefFoundError missing) {
            // Also where a class is there, but could not be initialised before.
            boolean isThere = String.valueOf(missing.getMessage()).contains("initialize");
            throw explained(missing, isThere ? remedy(missing)
                    : "JNA is not there. Below Java 22 add net.java.dev.jna:jna beside polyai-chat, and on the module path "
                            + "--add-modules com.sun.jna");
        } catch (LinkageError problem) {
            throw explained(problem, remedy(problem));
        }
        if (!isOf64Bits) {
            throw new UnsatisfiedLinkError("this JVM has 32 bits, for which there is no libpolyai_chat");
        }
    }

    private static String remedy(LinkageError problem) {
        return "JNA cannot load its own native part (" + problem.getMessage() + "). Where nothing may be written to or run from the temporary "
                + "folder, name the folder of libjnidispatch.so in -Djna.boot.library.path (Debian has it in the package libjna-jni), or "
                + "another folder in -Djna.tmpdir";
    }

    private static LinkageError explained(LinkageError problem, String text) {
        LinkageError explained = new UnsatisfiedLinkError(text);
        explained.initCause(problem);
        return explained;
    }
}
