//! Photos: a coloured square for most people, nothing for some.

use crate::microsoft::Microsoft;
use crate::microsoft::entra::tokens::Caller;
use crate::microsoft::exchange::Reply;
use crate::microsoft::graph::permissions::shows_others;
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::people::mixed;
use serde_json::json;

/// The sizes that there are, in pixels of a side.
const SIZES: [u32; 9] = [48, 64, 96, 120, 240, 360, 432, 504, 648];

impl Microsoft {
    pub(super) fn photo(
        &self,
        caller: &Caller,
        who: &str,
        size: Option<&str>,
        value: bool,
    ) -> Result<Reply, GraphRefusal> {
        let place = self.place(caller, who)?;
        let all = ["ProfilePhoto.Read.All", "ProfilePhoto.ReadWrite.All"];
        let others =
            shows_others(&caller.permissions) || caller.permissions.iter().any(|p| all.contains(&p.as_str()));
        if caller.place.is_some_and(|own| own != place) && !others {
            return Err(refuse(
                403,
                "ErrorAccessDenied",
                "Access is denied. Check credentials and try again.",
            ));
        }
        let seed = self.tenants.get(caller.tenant).map_or(0, |t| t.seed);
        let size =
            match size.map(|s| s.split_once('x').filter(|(a, b)| a == b).and_then(|(a, _)| a.parse().ok())) {
                None => 240,
                Some(Some(size)) if SIZES.contains(&size) => size,
                Some(_) => return Err(missing()),
            };
        let look = mixed(seed, u64::from(place), 0x40);
        // A fifth of the people never had their picture taken.
        if look.is_multiple_of(5) {
            return Err(missing());
        }
        let tag = format!("\"{look:016X}\"");
        if !value {
            let body = json!({"@odata.context": self.context("users/photo/$entity"), "@odata.mediaContentType": "image/png",
                "@odata.mediaEtag": tag, "id": format!("{size}x{size}"), "height": size, "width": size});
            return Ok(Reply::json(200, &body).with_header("ETag", &tag));
        }
        let body = square(size, [(look >> 8) as u8, (look >> 16) as u8, (look >> 24) as u8]);
        Ok(Reply { status: 200, body, ..Reply::default() }
            .with_header("Content-Type", "image/png")
            .with_header("ETag", &tag))
    }
}

fn missing() -> GraphRefusal {
    refuse(404, "ImageNotFound", "The photo wasn't found.")
}

/// A square of one colour (PNG), one bit a pixel.
fn square(size: u32, colour: [u8; 3]) -> Vec<u8> {
    let row = vec![0; 1 + (size as usize).div_ceil(8)];
    let rows = row.repeat(size as usize);
    // Stored without compression (RFC 1950, 1951).
    let length = rows.len() as u16;
    let mut data = vec![0x78, 0x01, 0x01];
    data.extend(length.to_le_bytes());
    data.extend((!length).to_le_bytes());
    data.extend(&rows);
    let (a, b) = rows.iter().fold((1u32, 0u32), |(a, b), v| {
        let a = (a + u32::from(*v)) % 65_521;
        (a, (b + a) % 65_521)
    });
    data.extend((b << 16 | a).to_be_bytes());
    let mut head = Vec::new();
    head.extend(size.to_be_bytes());
    head.extend(size.to_be_bytes());
    // One bit, a palette, and nothing unusual.
    head.extend([1, 3, 0, 0, 0]);
    let mut out = vec![0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
    for (kind, content) in
        [(b"IHDR", head), (b"PLTE", colour.to_vec()), (b"IDAT", data), (b"IEND", Vec::new())]
    {
        out.extend((content.len() as u32).to_be_bytes());
        let body = [&kind[..], &content].concat();
        out.extend(&body);
        out.extend(check_sum(&body).to_be_bytes());
    }
    out
}

/// The check sum of a chunk (CRC-32).
fn check_sum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, b| {
        (0..8).fold(crc ^ u32::from(*b), |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_picture() {
        assert_eq!(check_sum(b"IEND"), 0xAE42_6082);
        for size in SIZES {
            let rows = (1 + (size as usize).div_ceil(8)) * size as usize;
            assert!(rows <= usize::from(u16::MAX), "{size} fits one block");
            assert_eq!(square(size, [1, 2, 3]).len(), 8 + 25 + 15 + 12 + 11 + rows + 12);
        }
    }
}
