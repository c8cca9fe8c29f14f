//! Bytes become UTF-8, and the separator is found.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How much is read at once, and the most of a header that is looked at, in bytes.
const CHUNK: usize = 64 * 1024;

/// How the file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8, or UTF-16 where a byte order mark says so.
    #[default]
    Unicode,
    /// Windows-1252: what Excel saves as "CSV" in western Europe.
    Windows1252,
}

/// The text of a file in UTF-8, without a byte order mark. What is no UTF-8 in a file that should be stays as it is: the
/// cell that has it says so.
pub(crate) struct Source<R> {
    reader: R,
    /// Turns another encoding into UTF-8.
    decoder: Option<Decoder>,
    /// Raw bytes that were read and not decoded.
    raw: Vec<u8>,
    /// Text that is ready.
    ready: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Source<R> {
    /// Reads the beginning, to find out what it is.
    pub(crate) fn open(reader: R, encoding: Encoding) -> io::Result<Self> {
        let mut source = Self { reader, decoder: None, raw: vec![], ready: vec![], at: 0, ended: false };
        while source.raw.len() < 3 && source.fetch()? {}
        let (decoder, mark) = match (encoding, source.raw.as_slice()) {
            (_, [0xef, 0xbb, 0xbf, ..]) => (None, 3),
            (_, [0xff, 0xfe, ..]) => (Some(UTF_16LE), 2),
            (_, [0xfe, 0xff, ..]) => (Some(UTF_16BE), 2),
            (Encoding::Windows1252, _) => (Some(WINDOWS_1252), 0),
            (Encoding::Unicode, _) => (None, 0),
        };
        source.raw.drain(..mark);
        source.decoder = decoder.map(encoding_rs::Encoding::new_decoder_without_bom_handling);
        source.decode();
        Ok(source)
    }

    /// Text that has not been taken; empty at the end of the file.
    pub(crate) fn text(&mut self) -> io::Result<&[u8]> {
        while self.at == self.ready.len() && !(self.ended && self.raw.is_empty() && self.decoder.is_none()) {
            self.ready.clear();
            self.at = 0;
            if !self.fetch()? && self.decoder.is_none() && self.raw.is_empty() {
                break;
            }
            self.decode();
        }
        Ok(self.ready.get(self.at..).unwrap_or_default())
    }

    /// Takes text away.
    pub(crate) fn take(&mut self, count: usize) {
        self.at = (self.at + count).min(self.ready.len());
    }

    /// The first line, as far as it is looked at; nothing is taken.
    pub(crate) fn first_line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let text = self.ready.get(self.at..).unwrap_or_default();
            let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            if let Some(end) = end {
                return Ok(text.get(..end).unwrap_or_default().to_vec());
            }
            if text.len() >= CHUNK || self.ended {
                return Ok(text.to_vec());
            }
            self.fetch()?;
            self.decode();
        }
    }

    /// Reads some raw bytes; false at the end.
    fn fetch(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let before = self.raw.len();
        self.raw.resize(before + CHUNK, 0);
        let read = loop {
            match self.reader.read(self.raw.get_mut(before..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.raw.truncate(before + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(!self.ended)
    }

    /// Makes text of the raw bytes.
    fn decode(&mut self) {
        let Some(decoder) = &mut self.decoder else {
            self.ready.append(&mut self.raw);
            return;
        };
        let mut text = String::with_capacity(
            decoder.max_utf8_buffer_length(self.raw.len()).unwrap_or(self.raw.len().saturating_mul(3)) + 16,
        );
        let (result, read, _) = decoder.decode_to_string(&self.raw, &mut text, self.ended);
        self.raw.drain(..read);
        self.ready.extend_from_slice(text.as_bytes());
        if self.ended && result == CoderResult::InputEmpty {
            self.decoder = None;
            self.raw.clear();
        }
    }
}

/// The separator of a file: what its first line has most of outside of quotes. A line `sep=;` names it, and is none of the
/// file's; the second value is then its length.
pub(crate) fn separator(first_line: &[u8]) -> (u8, usize) {
    const KNOWN: [u8; 4] = [b',', b';', b'\t', b'|'];
    if let Some([separator]) = first_line.strip_prefix(b"sep=") {
        return (*separator, first_line.len());
    }
    let mut counts = [0_usize; KNOWN.len()];
    let mut quoted = false;
    for byte in first_line {
        quoted ^= *byte == b'"';
        if let Some(at) = KNOWN.iter().position(|known| known == byte).filter(|_| !quoted) {
            counts[at] += 1;
        }
    }
    let most = counts.iter().zip(KNOWN).rev().max_by_key(|(count, _)| **count);
    (most.filter(|(count, _)| **count > 0).map_or(b',', |(_, known)| known), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
        let mut source = Source::open(Slow(bytes), encoding).unwrap();
        let mut text = Vec::new();
        loop {
            let some = source.text().unwrap().to_vec();
            if some.is_empty() {
                return text;
            }
            text.extend_from_slice(&some);
            source.take(some.len());
        }
    }

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            self.0 = rest;
            buffer[0] = *first;
            Ok(1)
        }
    }

    #[test]
    fn encodings() {
        let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}Zoë,😀\n".encode_utf16().flat_map(order).collect()
        };
        for (bytes, encoding) in [
            (b"Zo\xc3\xab,\xf0\x9f\x98\x80\n".to_vec(), Encoding::Unicode),
            (b"\xef\xbb\xbfZo\xc3\xab,\xf0\x9f\x98\x80\n".to_vec(), Encoding::Unicode),
            (utf16(u16::to_le_bytes), Encoding::Unicode),
            (utf16(u16::to_be_bytes), Encoding::Windows1252),
        ] {
            assert_eq!(String::from_utf8(all(&bytes, encoding)).unwrap(), "Zoë,😀\n");
        }
        assert_eq!(String::from_utf8(all(b"Zo\xeb \x80\n", Encoding::Windows1252)).unwrap(), "Zoë €\n");
        assert_eq!(all(b"Zo\xeb\n", Encoding::Unicode), b"Zo\xeb\n", "left for the cell to say");
        assert_eq!(all(b"", Encoding::Unicode), b"");
        assert_eq!(all(b"\xff\xfe", Encoding::Unicode), b"");
        assert_eq!(all(b"\xff\xfea", Encoding::Unicode), "\u{fffd}".as_bytes());
    }

    #[test]
    fn separators() {
        for (line, expected) in [
            ("a,b;c,d", b','),
            ("a;b;c", b';'),
            ("a\tb", b'\t'),
            ("a|b", b'|'),
            ("\"a;b;c\",d", b','),
            ("alone", b','),
            ("", b','),
            ("a,b;c", b','),
        ] {
            assert_eq!(separator(line.as_bytes()), (expected, 0), "{line}");
        }
        assert_eq!(separator(b"sep=;"), (b';', 5));
        assert_eq!(separator(b"sep=;;"), (b';', 0));
    }
}
