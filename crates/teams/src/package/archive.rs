//! A zip archive without compression (PKWARE APPNOTE 6.3.10): the same files always give the same bytes.

/// The first of January 1980, which is as early as an archive can say.
const DATE: u16 = 0x21;
/// Version 2.0 of the format.
const VERSION: u16 = 20;

/// CRC-32 (ISO 3309), as zip and PNG use it.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// What stands both before a file and in the directory, from the version on.
fn described(name: &str, bytes: &[u8]) -> Vec<u8> {
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut out = Vec::new();
    out.extend(VERSION.to_le_bytes());
    // No flags, stored as it is.
    out.extend([0; 4]);
    out.extend([0; 2]);
    out.extend(DATE.to_le_bytes());
    out.extend(crc32(bytes).to_le_bytes());
    out.extend(size);
    out.extend(size);
    out.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    // No extra field.
    out.extend([0; 2]);
    out
}

/// An archive of these files.
pub(super) fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let at = u32::try_from(out.len()).unwrap_or(u32::MAX);
        out.extend(b"PK\x03\x04");
        out.extend(described(name, bytes));
        out.extend(name.as_bytes());
        out.extend(bytes);
        directory.extend(b"PK\x01\x02");
        directory.extend(VERSION.to_le_bytes());
        directory.extend(described(name, bytes));
        // No comment, the first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    let at = u32::try_from(out.len()).unwrap_or(u32::MAX);
    let size = u32::try_from(directory.len()).unwrap_or(u32::MAX);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend(size.to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0; 2]);
    out
}
