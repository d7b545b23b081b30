//! Another Rust static library in the same program, with a standard library of its own that it uses as much as it can.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::catch_unwind;

thread_local!(static HEARD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });

/// Panics, and catches that: 7 when it went well.
#[unsafe(no_mangle)]
pub extern "C" fn other_panics() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    let caught = catch_unwind(|| {
        let names = HashMap::from([(1, format!("{}", 1))]);
        panic!("{names:?}");
    });
    if caught.is_err() { 7 } else { 0 }
}

/// Uses a thread and its own data: 2 when it went well.
#[unsafe(no_mangle)]
pub extern "C" fn other_threads() -> i32 {
    let thread = std::thread::spawn(|| HEARD.with_borrow_mut(|heard| heard.extend([1, 2])));
    thread.join().unwrap();
    HEARD.with_borrow_mut(|heard| heard.extend([1, 2]));
    HEARD.with_borrow(|heard| heard.len() as i32)
}
