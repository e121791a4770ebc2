//! The name of a chunk, as messages show it.

use blob::Blob;

use crate::c_string;

/// The most bytes of a chunk's name in a run-time error, with the zero that ends it in C.
const SIZE: usize = 60;

/// The name of a chunk in run-time errors: `name` for `=name`, the end of `file` for `@file`, and
/// `[string "text"]` with the first line for all other names.
pub(crate) fn chunk_id(name: &Blob) -> Blob {
    Blob::copy_from_slice(&shortened(name, SIZE))
}

/// The part of a chunk's name that messages may show. The rest is dropped.
pub(crate) fn kept_name(name: &[u8]) -> Blob {
    /// More bytes than messages show.
    const KEPT: usize = 200;
    let name = c_string(name);
    match name {
        [b'@', file @ ..] if file.len() > KEPT => {
            Blob::from([b"@", &file[file.len() - KEPT..]].concat())
        }
        _ => Blob::copy_from_slice(&name[..name.len().min(KEPT)]),
    }
}

/// As [`chunk_id`], in fewer than `size` bytes.
pub(super) fn shortened(name: &[u8], size: usize) -> Vec<u8> {
    let name = c_string(name);
    match name {
        [b'=', name @ ..] => name[..name.len().min(size - 1)].to_vec(),
        [b'@', file @ ..] => {
            let room = size - " '...' \0".len();
            match file.len().checked_sub(room) {
                Some(cut) if cut > 0 => [b"...", &file[cut..]].concat(),
                _ => file.to_vec(),
            }
        }
        text => {
            let room = size - " [string \"...\"] \0".len();
            let line = text.iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count();
            let len = line.min(room);
            let dots: &[u8] = if len < text.len() { b"..." } else { b"" };
            [b"[string \"", &text[..len], dots, b"\"]"].concat()
        }
    }
}
