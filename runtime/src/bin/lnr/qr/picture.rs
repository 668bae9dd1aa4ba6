//! The text of a QR code in a picture. Pictures come from strangers, so that size, memory and time are bounded.

use std::fs;
use std::io::{self, Cursor};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use image::{GrayImage, ImageError, ImageReader, Limits};
use rqrr::PreparedImage;

/// The most bytes of a file.
const MOST_BYTES: u64 = 32 << 20;
/// The most pixels: what a telephone's camera makes.
const MOST_PIXELS: u64 = 50_000_000;
/// The most pixels of a side.
const LONGEST_SIDE: u32 = 1 << 15;
/// The most bytes that the pixels may take while they are read.
const MOST_MEMORY: u64 = 256 << 20;
/// How long a code is searched for. The search takes the cube of how many patterns look like a code's corner, of which a
/// photo has some three and a hostile picture has thousands.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a picture has no text.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("{0} bytes are too many for a picture of a QR code")]
    Long(u64),
    #[error("no picture that can be read ({0})")]
    Picture(#[from] ImageError),
    #[error("{width} by {height} pixels are too many for a picture of a QR code")]
    Large { width: u32, height: u32 },
    #[error("there is no QR code in it")]
    NoCode,
    #[error("there are {0} QR codes in it")]
    Several(usize),
    #[error("the QR code cannot be read ({0})")]
    Code(#[from] rqrr::DeQRError),
    #[error("there is too much in it that looks like a QR code")]
    Crowded,
    #[error("the QR code cannot be read")]
    Panicked,
}

/// The text of the only code in a picture (PNG or JPEG).
pub fn text(path: &Path) -> Result<String, Unreadable> {
    let size = fs::metadata(path)?.len();
    if size > MOST_BYTES {
        return Err(Unreadable::Long(size));
    }
    let pixels = pixels(&fs::read(path)?)?;
    let (sender, found) = mpsc::sync_channel(1);
    // A search that does not end is left to the end of the program, which is near.
    thread::spawn(move || sender.send(code(&pixels)));
    match found.recv_timeout(PATIENCE) {
        Ok(found) => found,
        Err(RecvTimeoutError::Timeout) => Err(Unreadable::Crowded),
        Err(RecvTimeoutError::Disconnected) => Err(Unreadable::Panicked),
    }
}

/// The brightness of each pixel of a picture.
pub fn pixels(file: &[u8]) -> Result<GrayImage, Unreadable> {
    let (width, height) = ImageReader::new(Cursor::new(file)).with_guessed_format()?.into_dimensions()?;
    if width > LONGEST_SIDE || height > LONGEST_SIDE || u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Unreadable::Large { width, height });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
    reader.limits(limits);
    Ok(reader.decode()?.into_luma8())
}

/// The text of the only code among these pixels.
pub fn code(pixels: &GrayImage) -> Result<String, Unreadable> {
    let (width, height) = pixels.dimensions();
    let brightness = |x: usize, y: usize| {
        let pixel = u32::try_from(x).ok().zip(u32::try_from(y).ok()).and_then(|(x, y)| pixels.get_pixel_checked(x, y));
        pixel.map_or(u8::MAX, |pixel| pixel.0[0])
    };
    let mut prepared = PreparedImage::prepare_from_greyscale(width as usize, height as usize, brightness);
    let grids = prepared.detect_grids();
    match grids.as_slice() {
        [] => Err(Unreadable::NoCode),
        [grid] => Ok(grid.decode()?.1),
        several => Err(Unreadable::Several(several.len())),
    }
}
