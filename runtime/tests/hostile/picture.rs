//! Pictures that `lnr` is given for a QR code.

use std::fs;
use std::path::Path;
use std::process::Command;

use image::{GrayImage, Luma};

/// What `lnr decode` says to a picture.
fn said(path: &Path) -> String {
    let ended = Command::new(env!("CARGO_BIN_EXE_lnr")).arg("decode").arg(path).output().unwrap();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    String::from_utf8(ended.stderr).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The checksum of a PNG's chunk.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn a_picture_that_says_it_is_huge_is_not_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let small = GrayImage::from_pixel(16, 16, Luma([255]));
    let png = folder.path().join("code.png");
    for (width, height) in
        [(u32::MAX >> 1, u32::MAX >> 1), (1 << 20, 1), (1, 1 << 20), (20_000, 20_000), (7_100, 7_100)]
    {
        small.save(&png).unwrap();
        let mut bytes = fs::read(&png).unwrap();
        // Behind the signature: length and name of the first chunk, then the sizes.
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
        fs::write(&png, bytes).unwrap();
        let said = said(&png);
        assert!(said.contains("pixels are too many") || said.contains("no picture that can be read"), "{said}");
    }
    let jpeg = folder.path().join("code.jpg");
    small.save(&jpeg).unwrap();
    let mut bytes = fs::read(&jpeg).unwrap();
    let frame = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    bytes[frame + 5..frame + 9].fill(0xff);
    fs::write(&jpeg, bytes).unwrap();
    assert!(said(&jpeg).contains("65535 by 65535 pixels are too many"), "{}", said(&jpeg));
}

#[test]
fn a_file_that_is_no_picture_is_not_read_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code.png");
    fs::File::create(&path).unwrap().set_len((32 << 20) + 1).unwrap();
    assert!(said(&path).contains("are too many"), "{}", said(&path));
    fs::write(&path, b"\x89PNG\r\n\x1a\n".repeat(100_000)).unwrap();
    assert!(said(&path).contains("no picture that can be read"), "{}", said(&path));
}
