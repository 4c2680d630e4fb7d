//! Icons (PNG, ISO/IEC 15948): plain ones where a tenant has none, and what is wrong with one that it has.

use crate::package::LARGEST_ICON;
use crate::package::archive::crc32;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The largest stored block of deflate (RFC 1951 section 3.2.4).
const BLOCK: usize = 65_535;
/// Shades between the ground and the drawing.
const SHADES: u8 = 16;

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    let checked = [kind.as_slice(), data].concat();
    out.extend(&checked);
    out.extend(crc32(&checked).to_be_bytes());
    out
}

/// A stream of zlib (RFC 1950) without compression.
fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks: Vec<&[u8]> = data.chunks(BLOCK).collect();
    for (n, block) in blocks.iter().enumerate() {
        let size = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(n + 1 == blocks.len()));
        out.extend(size.to_le_bytes());
        out.extend((!size).to_le_bytes());
        out.extend(*block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

/// A picture of so many pixels a side, whose colours stand in a palette, with their opacity if that is given.
fn png(side: u32, palette: &[u8], opacity: Option<&[u8]>, shade: impl Fn(f64, f64) -> f64) -> Vec<u8> {
    let mut head = [side.to_be_bytes(), side.to_be_bytes()].concat();
    // Eight bits, by palette.
    head.extend([8, 3, 0, 0, 0]);
    let mut rows = Vec::new();
    for y in 0..side {
        rows.push(0);
        for x in 0..side {
            let at = |n: u32| (f64::from(n) + 0.5) / f64::from(side) * 2.0 - 1.0;
            let shade = shade(at(x), at(y)).clamp(0.0, 1.0) * f64::from(SHADES - 1);
            rows.push(shade.round() as u8);
        }
    }
    let mut out = SIGNATURE.to_vec();
    out.extend(chunk(b"IHDR", &head));
    out.extend(chunk(b"PLTE", palette));
    if let Some(opacity) = opacity {
        out.extend(chunk(b"tRNS", opacity));
    }
    out.extend(chunk(b"IDAT", &zlib(&rows)));
    out.extend(chunk(b"IEND", &[]));
    out
}

/// How much of a pixel belongs to the drawing: a ring with three people in it, each a disc.
fn drawing(soft: f64) -> impl Fn(f64, f64) -> f64 {
    move |x, y| {
        let within = |distance: f64| (0.5 - distance / soft).clamp(0.0, 1.0);
        let disc = |cx: f64, cy: f64, r: f64| within((x - cx).hypot(y - cy) - r);
        let ring = within(((x.hypot(y) - 0.66).abs()) - 0.07);
        ring.max(disc(0.0, -0.22, 0.17)).max(disc(-0.27, 0.2, 0.17)).max(disc(0.27, 0.2, 0.17))
    }
}

/// A plain icon: white on the accent colour.
pub(super) fn color(accent: &str) -> Vec<u8> {
    let part = |at: usize| {
        let text = accent.get(at..at + 2).unwrap_or_default();
        u8::from_str_radix(text, 16).unwrap_or(0x44)
    };
    let ground = [part(1), part(3), part(5)];
    let mixed = |shade: u8, from: u8| {
        let (from, shade) = (u16::from(from), u16::from(shade));
        u8::try_from(from + (255 - from) * shade / u16::from(SHADES - 1)).unwrap_or(255)
    };
    let palette: Vec<u8> = (0..SHADES).flat_map(|s| ground.map(|g| mixed(s, g))).collect();
    png(192, &palette, None, drawing(0.02))
}

/// A plain outline: white on transparent.
pub(super) fn outline() -> Vec<u8> {
    let opacity: Vec<u8> = (0..SHADES).map(|s| s * (255 / (SHADES - 1))).collect();
    png(32, &[255; 3 * SHADES as usize], Some(&opacity), drawing(0.1))
}

/// What is wrong with an icon, in a sentence.
pub(super) fn fault(name: &str, bytes: &[u8], side: u32, transparent: bool) -> Option<String> {
    if bytes.len() > LARGEST_ICON {
        return Some(format!("the {name} icon is larger than {} KB", LARGEST_ICON / 1024));
    }
    let number = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let is_png = bytes.starts_with(SIGNATURE) && bytes.get(12..16) == Some(b"IHDR");
    let (Some(width), Some(height), Some(kind), true) = (number(16), number(20), bytes.get(25), is_png)
    else {
        return Some(format!("the {name} icon is no PNG"));
    };
    if (width, height) != (side, side) {
        return Some(format!("the {name} icon has {width} × {height} pixels and needs {side} × {side}"));
    }
    let has_opacity = matches!(kind, 4 | 6) || bytes.windows(4).any(|w| w == b"tRNS");
    (transparent && !has_opacity)
        .then(|| format!("the {name} icon is not transparent: it is white on nothing"))
}
