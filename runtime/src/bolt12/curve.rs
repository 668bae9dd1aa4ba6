//! The curve secp256k1, and which numbers are the x of a point on it.
//!
//! Whoever reads a key computes its y, a root of x³ + 7. Whether there is a root Jacobi's symbol tells in a third of the
//! time, and most keys of a message are never computed with. Nothing here is secret.

use std::sync::LazyLock;

use bitcoin::secp256k1::{All, PublicKey, Secp256k1};

pub(crate) static CURVE: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

/// A number of 256 bits, its lowest 64 first.
type Number = [u64; 4];

/// Numbers are taken modulo this prime: 2^256 - [`REST`].
const PRIME: Number = [u64::MAX - (REST - 1), u64::MAX, u64::MAX, u64::MAX];
const REST: u64 = 0x1_0000_03d1;

/// Is it a public key, compressed to its x and the parity of its y?
pub(crate) fn is_point(bytes: &[u8; 33]) -> bool {
    let [2 | 3, x @ ..] = bytes else {
        return false;
    };
    is_x(x) || PublicKey::from_slice(bytes).is_ok()
}

/// Is there a point with this x? A no may be wrong, and has to be confirmed.
fn is_x(x: &[u8; 32]) -> bool {
    let mut number = [0; 4];
    for (limb, bytes) in number.iter_mut().rev().zip(x.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*bytes);
    }
    let [low, high @ ..] = number;
    if high == [u64::MAX; 3] && low >= PRIME[0] {
        return false;
    }
    let cube = multiply(&multiply(&number, &number), &number);
    is_square(reduce(cube, 7))
}

/// The product, less than 2^256 but not always less than the prime.
fn multiply(a: &Number, b: &Number) -> Number {
    let mut product = [0; 8];
    for (at, a) in a.iter().enumerate() {
        let mut carry = 0;
        for (place, b) in product[at..].iter_mut().zip(b) {
            let sum = u128::from(*place) + u128::from(*a) * u128::from(*b) + carry;
            *place = sum as u64;
            carry = sum >> 64;
        }
        product[at + 4] = carry as u64;
    }
    let [low @ .., high_0, high_1, high_2, high_3] = product;
    let mut sum = low;
    let mut carry = 0;
    for (place, high) in sum.iter_mut().zip([high_0, high_1, high_2, high_3]) {
        let folded = u128::from(*place) + u128::from(high) * u128::from(REST) + carry;
        *place = folded as u64;
        carry = folded >> 64;
    }
    reduce(sum, carry * u128::from(REST))
}

/// The sum: what would be carried out of 2^256 comes back as [`REST`].
fn reduce(mut number: Number, mut more: u128) -> Number {
    while more != 0 {
        let mut carry = more;
        for place in &mut number {
            let sum = u128::from(*place) + u128::from(carry as u64);
            *place = sum as u64;
            carry = (carry >> 64) + (sum >> 64);
        }
        more = carry * u128::from(REST);
    }
    number
}

/// Is a number that the prime does not divide a square modulo it? A no may be wrong, and has to be confirmed.
///
/// Jacobi's symbol of `g` modulo `f`, both made smaller step by step as for their greatest common divisor: halve `g` while
/// it is even; make it even by adding a multiple of `f`; when it is likely the lesser, exchange the two. 62 halvings at
/// once are found from the lowest bits alone and then applied to all (after Bernstein and Yang's division steps). Adding
/// instead of subtracting keeps all numbers positive, for which the symbol's rules hold.
fn is_square(number: Number) -> bool {
    /// All numbers tried need less than half as many.
    const MOST_ROUNDS: usize = 25;
    let (mut f, mut g) = (PRIME, number);
    let mut steps = Steps { lead: -1, negative: 0 };
    for _ in 0..MOST_ROUNDS {
        let [to_f, to_g] = steps.halve(f[0], g[0]);
        (f, g) = (combine(&f, &g, to_f), combine(&f, &g, to_g));
        if f == [1, 0, 0, 0] {
            return steps.negative & 1 == 0;
        }
    }
    false
}

const HALVINGS: u32 = 62;

/// How far the steps have come.
struct Steps {
    /// About how many bits more `g` is expected to have than `f`: the lesser one is halved no further when negative.
    lead: i32,
    /// Its lowest bit is set when the symbol so far is -1.
    negative: u64,
}

impl Steps {
    /// Halves 62 times, and tells what becomes of both numbers: which multiples of them to add up for each, before the
    /// halvings.
    fn halve(&mut self, mut f: u64, mut g: u64) -> [(u64, u64); 2] {
        let (mut to_f, mut to_g) = ((1, 0), (0, 1));
        let mut left = HALVINGS;
        loop {
            let zeros = (g | u64::MAX << left).trailing_zeros();
            g >>= zeros;
            to_f = (to_f.0 << zeros, to_f.1 << zeros);
            self.lead -= zeros as i32;
            left -= zeros;
            // Each half of a number changes the sign when f is 3 or 5 modulo 8.
            self.negative ^= u64::from(zeros) & (f >> 1 ^ f >> 2);
            if left == 0 {
                return [to_f, to_g];
            }
            if self.lead < 0 {
                self.lead = -self.lead;
                // Exchanging changes the sign when both are 3 modulo 4.
                self.negative ^= (f & g) >> 1;
                (f, g) = (g, f);
                (to_f, to_g) = (to_g, to_f);
            }
            // -g / f, modulo a power of two of at most 64: so many bits become zero at once.
            let bits = (self.lead + 1).min(left as i32).min(6);
            let multiple = f.wrapping_mul(g).wrapping_mul(f.wrapping_mul(f).wrapping_sub(2)) & ((1 << bits) - 1);
            g = g.wrapping_add(f.wrapping_mul(multiple));
            to_g = (to_g.0 + to_f.0 * multiple, to_g.1 + to_f.1 * multiple);
        }
    }
}

/// The sum of both numbers so many times, halved 62 times.
fn combine(f: &Number, g: &Number, times: (u64, u64)) -> Number {
    let mut sum = [0; 5];
    let mut carry = 0;
    for ((place, f), g) in sum.iter_mut().zip(f).zip(g) {
        // The multiples add up to 2^62 at most, so that the sum fits.
        carry += u128::from(*f) * u128::from(times.0) + u128::from(*g) * u128::from(times.1);
        *place = carry as u64;
        carry >>= 64;
    }
    sum[4] = carry as u64;
    std::array::from_fn(|at| sum[at] >> HALVINGS | sum[at + 1] << (64 - HALVINGS))
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::{Hash as _, sha256};

    use super::*;

    fn check(x: [u8; 32]) {
        let bytes: [u8; 33] = std::array::from_fn(|at| if at == 0 { 2 } else { x[at - 1] });
        assert_eq!(is_x(&x), PublicKey::from_slice(&bytes).is_ok(), "{x:?}");
    }

    #[test]
    fn points_are_those_of_libsecp256k1() {
        let mut x = [0; 32];
        for _ in 0..20_000 {
            x = sha256::Hash::hash(&x).to_byte_array();
            check(x);
        }
    }

    /// Where carries are likely to go wrong: few bits, or all of them; around the prime; and numbers whose cube is next to
    /// it.
    #[test]
    fn points_at_the_edges_are_those_of_libsecp256k1() {
        for byte in 0..32 {
            for value in 0..=u8::MAX {
                for fill in [0, u8::MAX] {
                    let mut x = [fill; 32];
                    x[byte] = value;
                    check(x);
                }
            }
        }
        let mut x = [0xff; 32];
        x[27] = 0xfe;
        for low in 0..=u16::MAX {
            x[30..].copy_from_slice(&low.to_be_bytes());
            check(x);
        }
    }

    #[test]
    fn only_two_and_three_start_a_point() {
        let mut bytes = [0; 33];
        bytes[32] = 1;
        for first in 0..=u8::MAX {
            bytes[0] = first;
            assert_eq!(is_point(&bytes), first == 2 || first == 3);
        }
    }
}
