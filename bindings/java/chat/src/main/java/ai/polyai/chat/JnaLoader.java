// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import com.sun.jna.NativeLibrary;

/** Loads the library by JNA, and says what is to be done where JNA itself cannot be used. */
final class JnaLoader {
    private JnaLoader() {}

    static Raw load(String library) {
        try {
            NativeLibrary loaded = NativeLibrary.getInstance(library);
            Library.checkAbi(
                    loaded.getFunction("polyai_abi_oldest").invokeInt(new Object[0]),
                    loaded.getFunction("polyai_abi_newest").invokeInt(new Object[0]));
            return new RawJna(loaded);
        } catch (NoClassDefFoundError missing) {
            String said = String.valueOf(missing.getMessage());
            boolean isThere = said.contains("initialize");
            throw explained(missing, isThere ? "JNA cannot load its own native part (" + said + "). " + remedy()
                    : "JNA is not on the class path. Below Java 22 add net.java.dev.jna:jna beside polyai-chat");
        } catch (UnsatisfiedLinkError problem) {
            // It is about JNA's own part where that is named.
            boolean isOfJna = String.valueOf(problem.getMessage()).contains("jnidispatch");
            throw isOfJna ? explained(problem, problem.getMessage() + ". " + remedy()) : problem;
        }
    }

    private static String remedy() {
        return "Where nothing may be written to or run from the temporary folder, name the folder of libjnidispatch.so in "
                + "-Djna.boot.library.path (Debian has it in the package libjna-jni), or another folder in -Djna.tmpdir";
    }

    private static LinkageError explained(LinkageError problem, String text) {
        LinkageError explained = new UnsatisfiedLinkError(text);
        explained.initCause(problem);
        return explained;
    }
}
