//! Reading and verifying a BOLT 12 invoice, beside LDK's and beside the verification of a signature alone.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bech32::NoChecksum;
use bech32::primitives::decode::CheckedHrpstring;
use bitcoin::secp256k1::schnorr::Signature;
use bitcoin::secp256k1::{Message, Secp256k1, VerifyOnly, XOnlyPublicKey};
use cln_runtime::bolt12::{Accept, Invoice, Verified};
use lightning::offers::invoice::Bolt12Invoice;
use serde_json::{Value, json};

use super::Error;
use super::measure::median;

/// How often each is done in a row, to be longer than the clock is coarse.
const REPEATS: u32 = 8;

/// An invoice for an offer of any amount, as Core Lightning writes it: one path of one hop.
const INVOICE: &str = "lni1qqg8m6am2h9k4mlcuxh8u750zewygq3qqc3xu3s3rg94nj40zfsy866mhu5vxne6tcej5878k2mneuvg\
    jy8s5znpdeujqctdda6kuaqkyypfsp6puudkntvch0m094kfavx7c6527lv0takdn746fhwuykjtunzsyqrzymjxzydqkkw24ufxqslttwlj3s60\
    8f0rx2slc7etw0833zgs75szzwy9gqzcyyp79j493j4g8rdp5nf0fmsapcvk7gfy2q3vmp4a6dn6re83a2j7hd4qnqpfsp6puudkntvch0m094kf\
    avx7c6527lv0takdn746fhwuykjtunqzwq20ek0r4vgu2rkcgkcjlh3s8pg5lm5hp9lgjt2mhzngs75ku5kszqmzvv2v6sevfzenn8xxsukx2ctf\
    2jnt4mljr09km0npl5a3c0qf2vqr9x5nyq3ej7n0earxvpxzx88gcr8ge8nhaf7vwpucufxfrjwlgmhakf8qqdp9ny2a4wyr77ukwrswq3lq3gsu\
    qqqqqqqqqqqqqqq2qqqqqqqqqqqqq8fykt06c5sqqqqqpfqydvqkxq9gyz62556y00nyqqwtxrwz5yf5gsj835dpeyz482xdf2enclj8xzmqd2sz\
    zwy2uqczqqqtqggznqr5recmdxke3wlk7ttvn6cda34g4a7c7hmvm8at5nwacfdyhex0qsp28fzk30sfxf7ghu4k0tedqs9062d4k930uylr0yph\
    yj6ade7gtj2ea2vlqvc5ddu5sf9yqjcf34zermc0aqjhdyx97l9dkvhsyfkf2";

/// The times of one, in seconds: medians.
#[derive(Clone, Copy, Debug)]
pub struct Bolt12Report {
    /// From the text to a verified invoice.
    ours: f64,
    /// The same by LDK, which verifies while it reads.
    ldk: f64,
    /// The verification of the signature alone, from the bytes of key, signature and hash.
    bare: f64,
}

/// Measures in turns, so many rounds.
///
/// # Errors
///
/// When one of the three refuses the invoice.
pub fn bolt12(rounds: usize) -> Result<Bolt12Report, Error> {
    let bare = Bare::of(INVOICE)?;
    let (mut ours_times, mut ldk_times, mut bare_times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        ours_times.push(timed(ours)?);
        ldk_times.push(timed(ldk)?);
        bare_times.push(timed(|_| bare.verify())?);
    }
    Ok(Bolt12Report { ours: median(ours_times), ldk: median(ldk_times), bare: median(bare_times) })
}

fn timed<T>(run: impl Fn(&str) -> Result<T, Error>) -> Result<Duration, Error> {
    let begun = Instant::now();
    for _ in 0..REPEATS {
        black_box(run(black_box(INVOICE))?);
    }
    Ok(begun.elapsed() / REPEATS)
}

fn ours(text: &str) -> Result<Invoice<Verified>, Error> {
    Invoice::parse(text, Accept::Any).map_err(Error::call)?.verify().map_err(Error::call)
}

/// LDK reads invoices from bytes only; the text is decoded as it decodes that of offers.
fn ldk(text: &str) -> Result<Bolt12Invoice, Error> {
    let bytes = CheckedHrpstring::new::<NoChecksum>(text).map_err(Error::call)?.byte_iter().collect::<Vec<u8>>();
    Bolt12Invoice::try_from(bytes).map_err(|error| Error::Call(format!("{error:?}")))
}

struct Bare {
    curve: Secp256k1<VerifyOnly>,
    key: [u8; 32],
    signature: [u8; 64],
    hash: [u8; 32],
}

impl Bare {
    fn of(text: &str) -> Result<Self, Error> {
        let invoice = Invoice::parse(text, Accept::Any).map_err(Error::call)?.verify().map_err(Error::call)?;
        let hash = invoice.sighash().map_err(Error::call)?.to_byte_array();
        let key = invoice.payment().node_id.to_public_key().map_err(Error::call)?.x_only_public_key().0.serialize();
        let signature = invoice.signature().ok_or_else(|| Error::call("the invoice is not signed"))?.serialize();
        Ok(Self { curve: Secp256k1::verification_only(), key, signature, hash })
    }

    fn verify(&self) -> Result<(), Error> {
        let key = XOnlyPublicKey::from_slice(black_box(&self.key)).map_err(Error::call)?;
        let signature = Signature::from_slice(black_box(&self.signature)).map_err(Error::call)?;
        let hash = Message::from_digest(black_box(self.hash));
        self.curve.verify_schnorr(&signature, &hash, &key).map_err(Error::call)
    }
}

impl Bolt12Report {
    /// `ldk` tells how many times as fast as LDK ours is, `limit` which part of our time the signature alone takes.
    pub fn to_json(&self) -> Value {
        let rounded = |ratio: f64| (ratio * 100.0).round() / 100.0;
        json!({ "ldk": rounded(self.ldk / self.ours), "limit": rounded(self.bare / self.ours) })
    }
}

impl fmt::Display for Bolt12Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row =
            |name: &str, seconds: f64, ratio: f64| writeln!(f, "{name:<44} {:>6.1} µs {ratio:>8.2}", 1e6 * seconds);
        row("text to verified invoice: ours", self.ours, 1.0)?;
        row("the same by LDK", self.ldk, self.ldk / self.ours)?;
        row("its signature alone, by secp256k1", self.bare, self.bare / self.ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_take_the_invoice() {
        let report = bolt12(1).unwrap();
        assert!(report.ours > 0.0 && report.ldk > 0.0 && report.bare > 0.0, "{report}");
    }

    #[test]
    fn ratios_have_the_documented_form() {
        let report = Bolt12Report { ours: 2.0, ldk: 3.0, bare: 1.0 };
        assert_eq!(report.to_json(), json!({ "ldk": 1.5, "limit": 0.5 }));
    }
}
