//! Pictures of QR codes, which `lnr` takes for texts.

use std::io::Cursor;

use fastrand::Rng;
use image::{GrayImage, ImageFormat, Luma};
use qrcode::QrCode;

use crate::fuzz::{Corpus, Memory, Target, mutate};

#[path = "../../../../runtime/src/bin/lnr/qr/picture.rs"]
#[allow(dead_code, reason = "the program reads files, of which there are none here")]
mod reader;

const TEXTS: [&str; 3] =
    ["LNR1QQGDNV9SJUPGTDS5KD3V0L9MUA487", "", "lightning:lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese"];

/// The codes of some texts, so many pixels a module, with a margin.
fn codes(scale: u32) -> Vec<GrayImage> {
    let picture = |text: &str| {
        let code = QrCode::new(text).ok()?;
        let (side, modules) = (code.width(), code.to_colors());
        let dark = |x: u32, y: u32| {
            let (x, y) = ((x / scale).checked_sub(4)? as usize, (y / scale).checked_sub(4)? as usize);
            (x < side && y < side).then(|| modules[y * side + x] == qrcode::Color::Dark)
        };
        let width = (u32::try_from(side).ok()? + 8) * scale;
        Some(GrayImage::from_fn(width, width, |x, y| Luma([if dark(x, y) == Some(true) { 0 } else { 255 }])))
    };
    TEXTS.iter().filter_map(|text| picture(text)).collect()
}

pub(super) const FILES: Target = Target {
    name: "picture-files",
    reads: "PNG and JPEG files",
    seeds: || {
        let formats = [ImageFormat::Png, ImageFormat::Jpeg];
        let file = |picture: &GrayImage, format| {
            let mut file = Cursor::new(Vec::new());
            picture.write_to(&mut file, format).ok()?;
            Some(file.into_inner())
        };
        let codes = codes(2);
        codes.iter().flat_map(|picture| formats.iter().filter_map(move |format| file(picture, *format))).collect()
    },
    mutate: mutate::any_bytes,
    read: |bytes| drop(reader::pixels(bytes)),
    memory: Memory::AtMost(512 << 20),
    check: |bytes| reader::pixels(bytes).is_ok(),
};

/// The picture's width, and its pixels row by row.
fn pixels(bytes: &[u8]) -> Option<GrayImage> {
    let (head, pixels) = bytes.split_first_chunk::<2>()?;
    let width = u32::from(u16::from_be_bytes(*head)).max(1);
    let height = u32::try_from(pixels.len()).ok()? / width;
    GrayImage::from_raw(width, height, pixels.to_vec())
}

pub(super) const CODES: Target = Target {
    name: "picture-codes",
    reads: "QR codes among pixels; the first two bytes are the picture's width",
    seeds: || {
        let seed = |picture: GrayImage| {
            let width = u16::try_from(picture.width()).unwrap_or_default();
            [&width.to_be_bytes()[..], picture.as_raw()].concat()
        };
        codes(2).into_iter().chain(codes(3)).map(seed).collect()
    },
    mutate: any_picture,
    read: |bytes| _ = pixels(bytes).map(|pixels| reader::code(&pixels)),
    memory: Memory::PerByte(64),
    check: |bytes| pixels(bytes).is_some_and(|pixels| reader::code(&pixels).is_ok()),
};

/// A code with spots, stripes and shifted parts.
fn any_picture(rng: &mut Rng, corpus: &Corpus) -> Vec<u8> {
    let mut bytes = corpus.any(rng).to_vec();
    for _ in 0..rng.usize(1..30) {
        let at = rng.usize(..bytes.len());
        let end = bytes.len().min(at + rng.usize(1..12));
        bytes[at..end].fill(if rng.bool() { 0 } else { 255 });
    }
    if rng.u8(..4) == 0 {
        mutate::change(rng, &mut bytes, corpus);
    }
    bytes
}
