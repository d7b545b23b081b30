//! The functions of the library as Java declares them: an interface, and what calls it by JNA and by `java.lang.foreign`.
//! Every pointer, handle and size is a `long`, so that all three have the same signatures and copy nothing.

use std::fmt::Write;

use super::java_text::{Signature, javadoc, signature, source};
use crate::abi::{Abi, TypeKind};

/// The files, each with its path.
pub(crate) fn java(abi: &Abi) -> Vec<(String, String)> {
    let functions = abi.functions.iter().map(|function| {
        let doc = function.notice.summary.clone();
        signature(&function.name, doc, &function.parameters, &function.returns)
    });
    let functions: Vec<Signature<'_>> = functions.collect();
    let callbacks = abi.types.iter().filter_map(|defined| match &defined.kind {
        TypeKind::Callback {
            parameters,
            returns,
        } => {
            let doc = defined.doc.join(" ");
            Some(signature(&defined.name, doc, parameters, returns))
        }
        _ => None,
    });
    let callbacks: Vec<Signature<'_>> = callbacks.collect();
    vec![
        source("java", "Raw", &interface(abi, &functions, &callbacks)),
        source("java", "RawJna", &by_jna(&functions, &callbacks)),
        source("java22", "RawFfm", &by_ffm(&functions, &callbacks)),
    ]
}

fn interface(abi: &Abi, functions: &[Signature<'_>], callbacks: &[Signature<'_>]) -> String {
    let mut text = format!(
        "/** The functions of the native library: pointers, handles and sizes are a long, a bool is a byte. */\n\
         interface Raw {{\n    /** The ABI of these declarations. */\n    int ABI = {};\n",
        abi.numbers.newest
    );
    for callback in callbacks {
        let (name, doc) = (callback.interface(), javadoc(&callback.doc, "    "));
        let call = callback.as_name("call");
        let made = callback.name;
        let _ = write!(
            text,
            "\n{doc}    interface {name} {{\n        {call};\n    }}\n\n    \
             /** A function in C that calls it, which must not throw. It is kept for good. */\n    long {made}({name} called);\n"
        );
    }
    for function in functions {
        let doc = javadoc(&function.doc, "    ");
        let _ = write!(text, "\n{doc}    {};\n", function.as_name(function.name));
    }
    text + "}\n"
}

fn by_jna(functions: &[Signature<'_>], callbacks: &[Signature<'_>]) -> String {
    let mut text = include_str!("java_templates/jna.txt").to_owned();
    for callback in callbacks {
        let (name, interface) = (callback.name, callback.interface());
        let invoke = callback.as_name("invoke");
        let _ = write!(
            text,
            "\n    /** How JNA wants it. */\n    public interface Jna{interface} extends Callback {{\n        {invoke};\n    }}\n\n    \
             @Override\n    public long {name}({interface} called) {{\n        return function((Jna{interface}) called::call);\n    }}\n"
        );
    }
    for function in functions {
        let declared = function.as_name(function.name);
        let _ = write!(text, "\n    @Override\n    public native {declared};\n");
    }
    text + "}\n"
}

fn by_ffm(functions: &[Signature<'_>], callbacks: &[Signature<'_>]) -> String {
    let mut text = include_str!("java_templates/ffm.txt").to_owned();
    for callback in callbacks {
        let (name, interface) = (callback.name, callback.interface());
        let descriptor = callback.descriptor();
        let _ = write!(
            text,
            "\n    @Override\n    public long {name}({interface} called) {{\n        return function({interface}.class, called, {descriptor});\n    }}\n"
        );
    }
    for function in functions {
        let (name, descriptor) = (function.name, function.descriptor());
        let (constant, declared) = (name.to_uppercase(), function.as_name(name));
        let names: Vec<&str> = function.parameters.iter().map(|(_, name)| *name).collect();
        let call = format!("{constant}.invokeExact({})", names.join(", "));
        let body = match function.returns {
            "void" => call,
            returns => format!("return ({returns}) {call}"),
        };
        let _ = write!(
            text,
            "\n    private static final MethodHandle {constant} = handle(\"{name}\", {descriptor});\n\n    \
             @Override\n    public {declared} {{\n        try {{\n            {body};\n        }} catch (Throwable thrown) {{\n            \
             throw new AssertionError(thrown);\n        }}\n    }}\n"
        );
    }
    text + "}\n"
}
