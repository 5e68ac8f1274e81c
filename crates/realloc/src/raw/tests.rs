#![cfg(test)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;

unsafe extern "C" {
    fn malloc(len: usize) -> *mut u8;
}

/// In place of C's function: recognisable, and never used as memory.
pub(super) unsafe extern "C" fn realloc(_old: *mut u8, len: usize) -> *mut u8 {
    ptr::without_provenance_mut(0x1000 + len)
}

/// The crate is for one thread, and so these tests take turns.
fn one_thread() -> MutexGuard<'static, ()> {
    static THREAD: Mutex<()> = Mutex::new(());
    let guard = THREAD.lock().unwrap_or_else(PoisonError::into_inner);
    IS_ASKED.store(false, Relaxed);
    guard
}

/// What a host does to return a list.
fn returned<T: Copy>(elements: &[T]) -> List<T> {
    let (align, len) = (align_of::<T>(), size_of_val(elements));
    // SAFETY: nothing was asked for before.
    let start = unsafe { cabi_import_realloc(ptr::null_mut(), 0, align, len) };
    // SAFETY: it has room for as many elements.
    unsafe { ptr::copy_nonoverlapping(elements.as_ptr(), start.cast(), elements.len()) };
    List {
        start: start.cast(),
        len: elements.len(),
    }
}

/// Calls an import that returns one list.
fn read<T: Copy>(buffer: &mut [T], call: impl FnOnce() -> List<T>) -> usize {
    // SAFETY: each test's `call` returns the one list that it makes.
    let result: Result<usize, ()> = unsafe { read_into(buffer, || Ok(call())) };
    result.unwrap()
}

#[test]
fn the_list_lands_in_the_buffer() {
    let _thread = one_thread();
    let mut buffer = [0u32; 4];
    let place = buffer.as_ptr();
    let mut start = ptr::null();
    let len = read(&mut buffer, || {
        let list = returned(&[7u32, 8, 9]);
        start = list.start;
        list
    });
    assert_eq!((len, buffer), (3, [7, 8, 9, 0]));
    assert_eq!(start, place);
}

#[test]
fn an_empty_list_is_no_list() {
    let _thread = one_thread();
    let mut buffer = [1u8; 4];
    assert_eq!(read(&mut buffer, || returned(&[])), 0);
    assert_eq!(read::<u8>(&mut [], || returned(&[])), 0);
    // It does not take the buffer from a list that needs it.
    let len = read(&mut buffer, || {
        let empty: List<u8> = returned(&[]);
        assert_eq!(empty.len, 0);
        returned(&[2, 3])
    });
    assert_eq!((len, buffer), (2, [2, 3, 1, 1]));
}

#[test]
fn the_buffer_is_lent_once() {
    let _thread = one_thread();
    let mut buffer = [0u8; 8];
    let place = buffer.as_mut_ptr();
    let mut second = Vec::new();
    let len = read(&mut buffer, || {
        let first = returned(&[1u8, 2]);
        let other = returned(&[3u8, 4]);
        assert_ne!(other.start, place);
        // SAFETY: it lies elsewhere.
        second = unsafe { other.into_vec() };
        first
    });
    assert_eq!(
        (len, &buffer[..2], &second[..]),
        (2, &[1, 2][..], &[3, 4][..])
    );
}

#[test]
fn a_list_that_is_too_long_is_cut_off() {
    let _thread = one_thread();
    let mut buffer = [0u8; 4];
    assert_eq!(read(&mut buffer, || returned(b"more than four")), 4);
    assert_eq!(&buffer, b"more");
}

#[test]
fn a_length_that_the_host_made_up_is_cut_off() {
    let _thread = one_thread();
    let mut buffer = [0u8; 4];
    let len = read(&mut buffer, || List {
        len: 1000,
        ..returned(b"four")
    });
    assert_eq!(len, 4);
}

#[test]
fn a_buffer_that_is_not_aligned_takes_no_list() {
    let _thread = one_thread();
    let mut words = [0u32; 3];
    // SAFETY: it lies inside of the words.
    let start = unsafe { words.as_mut_ptr().cast::<u8>().add(1) };
    let mut record = Call {
        buffer: start,
        room: 8,
    };
    // SAFETY: nothing was asked for before.
    let list = unsafe { record.reallocate(ptr::null_mut(), 0, 4, 8) };
    assert_ne!(list, start);
    // SAFETY: so it was allocated, with this length and alignment.
    unsafe { alloc::dealloc(list, layout(4, 8)) };
}

#[test]
fn a_list_that_grows_keeps_its_bytes() {
    let _thread = one_thread();
    let mut buffer = [0u8; 4];
    let len = read(&mut buffer, || {
        let List { mut start, .. } = returned(b"ab");
        // First out of the buffer, then from one block to another, and back to what it needs.
        for (old_len, len) in [(2, 6), (6, 8), (8, 3)] {
            // SAFETY: it was returned last, with this length.
            start = unsafe { cabi_import_realloc(start, old_len, 1, len) };
        }
        // SAFETY: it has three bytes.
        unsafe { start.wrapping_add(2).write(b'c') };
        List { start, len: 3 }
    });
    assert_eq!((len, &buffer[..3]), (3, &b"abc"[..]));
}

#[test]
fn a_list_that_shrinks_may_come_to_fit() {
    let _thread = one_thread();
    let mut buffer = [0u8; 4];
    let len = read(&mut buffer, || {
        let List { start, .. } = returned(b"abcdef");
        // SAFETY: it was returned last, with this length.
        let start = unsafe { cabi_import_realloc(start, 6, 1, 3) };
        List { start, len: 3 }
    });
    assert_eq!((len, &buffer[..3]), (3, &b"abc"[..]));
}

#[test]
fn lists_of_a_call_without_a_buffer_belong_to_rust() {
    let _thread = one_thread();
    // SAFETY: the call returns the lists that it makes.
    let (words, bytes) = unsafe { owned(|| (returned(&[1u64, 2]), returned(b"three"))) };
    // SAFETY: they were returned by `owned`.
    let words = unsafe { words.into_vec() };
    // SAFETY: as above.
    let bytes = unsafe { bytes.into_vec() };
    assert_eq!((&words[..], &bytes[..]), (&[1, 2][..], &b"three"[..]));
}

#[test]
fn other_calls_are_passed_on() {
    let _thread = one_thread();
    // SAFETY: nothing was asked for before.
    let ask = || unsafe { cabi_import_realloc(ptr::null_mut(), 0, 1, 5) };
    assert_eq!(ask().addr(), 0x1005);
    let mut buffer = [0u8; 8];
    read(&mut buffer, || returned(b"x"));
    assert_eq!(ask().addr(), 0x1005);
}

#[test]
fn a_list_from_libc_is_copied_and_freed() {
    let _thread = one_thread();
    let list = || {
        // SAFETY: any length will do.
        let start = unsafe { malloc(2) };
        // SAFETY: it has two bytes.
        unsafe { start.cast::<[u8; 2]>().write(*b"hi") };
        List { start, len: 2 }
    };
    let mut buffer = [0u8; 4];
    assert_eq!(read(&mut buffer, list), 2);
    assert_eq!(&buffer[..2], b"hi");
    // SAFETY: the call returns the list that it makes.
    let list = unsafe { owned(list) };
    // SAFETY: it was returned by `owned`.
    assert_eq!(unsafe { list.into_vec() }, b"hi");
}
