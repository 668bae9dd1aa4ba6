//! QR codes: drawn for a terminal, and read from pictures.

mod picture;

use std::path::Path;

use anstyle::{AnsiColor, Color, Style};
use qrcode::{Color as Module, EcLevel, QrCode};

use super::exit::{Exit, Failure};

/// The light modules around a code, which BOLT 12 texts with paths may have to share with the terminal's edge.
const MARGIN: usize = 4;
const LEAST_MARGIN: usize = 2;
/// Light on dark whatever the terminal's colours: light modules are what is drawn.
const STYLE: Style =
    Style::new().fg_color(Some(Color::Ansi(AnsiColor::BrightWhite))).bg_color(Some(Color::Ansi(AnsiColor::Black)));

/// A code for a terminal.
pub struct Drawing {
    /// Without colours: each character is two modules, one above the other.
    pub lines: Vec<String>,
    pub width: usize,
}

/// Draws a BOLT 12 text, in so many columns if it can be. In upper case, which means the same, its code is smaller.
pub fn draw(text: &str, columns: usize) -> Result<Drawing, Failure> {
    let code = QrCode::with_error_correction_level(text.to_ascii_uppercase(), EcLevel::L).map_err(|_| {
        let problem = format!("a text of {} characters is too long for a QR code", text.len());
        Failure::new(Exit::Failed, problem, "Hand out the text itself.")
    })?;
    let (size, modules) = (code.width(), code.to_colors());
    let margin = (columns.saturating_sub(size) / 2).clamp(LEAST_MARGIN, MARGIN);
    let width = size + 2 * margin;
    let is_light = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(margin).filter(|at| *at < size);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => modules.get(y * size + x) == Some(&Module::Light),
            _ => true,
        }
    };
    let line = |y| (0..width).map(|x| half_blocks(is_light(x, y), y + 1 < width && is_light(x, y + 1))).collect();
    Ok(Drawing { lines: (0..width).step_by(2).map(line).collect(), width })
}

impl Drawing {
    /// The lines with their colours.
    pub fn coloured(&self) -> impl Iterator<Item = String> + '_ {
        self.lines.iter().map(|line| format!("{STYLE}{line}{STYLE:#}"))
    }
}

fn half_blocks(above: bool, below: bool) -> char {
    match (above, below) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

/// The text of the only code in a picture (PNG or JPEG).
pub fn read(path: &Path) -> Result<String, Failure> {
    picture::text(path).map_err(|unreadable| {
        let problem = format!("{}: {unreadable}", path.display());
        let advice = "Give a PNG or JPEG picture with one sharp, whole QR code, or the text itself.";
        Failure::new(Exit::BadInput, problem, advice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma};

    const TEXT: &str =
        "lnr1qqgdnv9sjupgtds5kd3v0l9mua487zswwfjkvatwvssxzgp4xvcrjvzsyqrzymjxzydqkkw24ufxqslttwlj3s608f0";

    /// A photo of the drawing: four pixels a module.
    fn picture(drawing: &Drawing) -> GrayImage {
        let lines: Vec<Vec<char>> = drawing.lines.iter().map(|line| line.chars().collect()).collect();
        let side = u32::try_from(drawing.width * 4).unwrap();
        GrayImage::from_fn(side, side, |x, y| {
            let (x, y) = ((x / 4) as usize, (y / 4) as usize);
            let light = matches!((lines[y / 2][x], y % 2), ('█', _) | ('▀', 0) | ('▄', 1));
            Luma([if light { 255 } else { 0 }])
        })
    }

    #[test]
    fn what_is_drawn_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let drawing = draw(TEXT, 80).unwrap();
        assert!(drawing.lines.iter().all(|line| line.chars().count() == drawing.width));
        for name in ["code.png", "code.jpg", "no-extension.png"] {
            let path = folder.path().join(name);
            picture(&drawing).save(&path).unwrap();
            assert_eq!(read(&path).unwrap(), TEXT.to_ascii_uppercase(), "{name}");
        }
    }

    #[test]
    fn a_picture_without_a_code_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path, words: &str| {
            let failure = read(path).unwrap_err();
            assert!(failure.exit == Exit::BadInput && failure.words().contains(words), "{}", failure.words());
        };
        let white = folder.path().join("white.png");
        GrayImage::from_pixel(64, 64, Luma([255])).save(&white).unwrap();
        check(&white, "there is no QR code in it");
        let text = folder.path().join("text.png");
        std::fs::write(&text, "no picture").unwrap();
        check(&text, "no picture that can be read");
        check(&folder.path().join("missing.png"), "No such file");
    }

    #[test]
    fn a_request_fits_a_terminal_of_80_columns() {
        let usual = format!("lnr1{}", "q".repeat(380));
        assert_eq!(draw(&usual, 80).unwrap().width, 65);
        let with_a_path = format!("lnr1{}", "q".repeat(652));
        assert_eq!(draw(&with_a_path, 80).unwrap().width, 79);
        assert_eq!(draw(&with_a_path, usize::MAX).unwrap().width, 81);
        assert!(draw(&"q".repeat(5000), 80).is_err());
    }
}
