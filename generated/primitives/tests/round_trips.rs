//! Properties of every wire type: what is written can be read and is the same, and no input makes a reader panic.

use cln_primitives::bitcoin::{Amount, hashes::sha256};
use cln_primitives::*;
use proptest::{collection::btree_map, option, prelude::*};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt::{Debug, Display};
use std::str::FromStr;

fn through_text<T: Display + FromStr<Err: Debug> + PartialEq + Debug>(value: &T) {
    assert_eq!(&value.to_string().parse::<T>().unwrap(), value);
}

fn through_json<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    let tree = serde_json::to_value(value).unwrap();
    assert_eq!(&serde_json::from_value::<T>(tree).unwrap(), value, "{json}");
}

fn through_both<T>(value: &T)
where
    T: Display + FromStr<Err: Debug> + Serialize + DeserializeOwned + PartialEq + Debug,
{
    through_text(value);
    through_json(value);
}

/// Reads a text and a JSON string both ways: they agree, and whatever is accepted survives the way back.
fn never_panics<T>(text: &str)
where
    T: Display + FromStr<Err: Display> + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let from_json = serde_json::from_value::<T>(text.into());
    match text.parse::<T>() {
        Ok(value) => {
            assert_eq!(from_json.unwrap(), value);
            assert_eq!(value.to_string().parse::<T>().ok(), Some(value));
        }
        Err(error) => {
            assert!(from_json.is_err());
            assert!(!error.to_string().is_empty());
        }
    }
}

/// `bitcoin::Amount` as its helper module reads and writes it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sat(#[serde(with = "cln_primitives::sat")] Amount);

/// Arbitrary texts, and texts that come close to being something.
fn texts() -> impl Strategy<Value = String> {
    let number = "[+-]?[0-9]{0,25}(\\.[0-9]{0,13})?[ e]?(msat|sat|btc|perkw|perkb|blocks|USD|any|all|x)?";
    let channel = "[0-9]{1,9}x[0-9]{1,9}x[0-9]{0,6}(/[0-9])?";
    let version = "v?[0-9]{1,3}\\.[0-9]{1,6}(\\.[0-9]{1,2})?[-a-z.]{0,3}";
    prop_oneof![any::<String>(), number, channel, version, "0[23][0-9a-fA-F]{60,66}"]
}

/// The decimal form in bitcoin, by arithmetic apart from the crate's own.
fn in_btc(amount: u128, decimals: usize) -> String {
    let unit = 10u128.pow(decimals as u32);
    format!("{}.{:0decimals$}btc", amount / unit, amount % unit)
}

proptest! {
    #[test]
    fn money_survives(number: u64) {
        let msat = Msat::from_msat(number);
        through_both(&msat);
        through_both(&MsatOrAny::from(msat));
        through_both(&MsatOrAll::from(msat));
        through_both(&SatOrAll::from(Amount::from_sat(number)));
        through_json(&Sat(Amount::from_sat(number)));
    }

    #[test]
    fn every_unit_is_exact(number: u64, sat in 0..=u64::MAX / 1000, zeros in 0usize..3) {
        let zeros = "0".repeat(zeros);
        let read = |text: String| format!("{zeros}{text}").parse::<Msat>().unwrap().as_msat();
        prop_assert_eq!(read(number.to_string()), number);
        prop_assert_eq!(read(format!("{number}msat")), number);
        prop_assert_eq!(read(in_btc(number.into(), 11)), number);
        prop_assert_eq!(read(format!("{sat}sat")), sat * 1000);
        prop_assert_eq!(read(in_btc(sat.into(), 8)), sat * 1000);
    }

    #[test]
    fn bitcoin_decimals_are_exact_or_an_error(whole in 0u64..400_000_000, decimals in "[0-9]{0,14}") {
        let text = format!("{whole}.{decimals}btc");
        let padded = format!("{decimals:0<14}").parse::<u128>().unwrap();
        let exact = u128::from(whole) * 100_000_000_000 + padded / 1000;
        let expected = u64::try_from(exact).ok().filter(|_| decimals.len() <= 11);
        prop_assert_eq!(text.parse::<Msat>().ok().map(Msat::as_msat), expected);
        let sat = serde_json::from_value::<Sat>(text.into()).ok().map(|Sat(amount)| amount.to_sat());
        let expected = u64::try_from(exact / 1000).ok().filter(|_| decimals.len() <= 8);
        prop_assert_eq!(sat, expected);
    }

    #[test]
    fn a_fraction_of_a_satoshi_is_never_a_satoshi_amount(msat: u64) {
        let read = serde_json::from_value::<Sat>(format!("{msat}msat").into()).ok();
        prop_assert_eq!(read, Msat::from_msat(msat).to_sat_exact().map(|sat| Sat(Amount::from_sat(sat))));
    }

    #[test]
    fn bytes_survive(bytes: [u8; 32], odd: bool, any_length: Vec<u8>) {
        let hash = Hash32::from_bytes(bytes);
        through_both(&hash);
        prop_assert_eq!(Hash32::from(sha256::Hash::from(hash)), hash);
        let mut id = [2 + u8::from(odd); 33];
        id[1..].copy_from_slice(&bytes);
        through_both(&NodeId::try_from(id).unwrap());
        through_both(&HexBytes::from(any_length));
    }

    #[test]
    fn secrets_survive_and_never_show(bytes: [u8; 32], text: String) {
        let (secret, string) = (Secret::from_bytes(bytes), SecretString::new(text));
        through_json(&secret);
        through_json(&string);
        prop_assert_eq!(&secret.reveal_hex().parse::<Secret>().unwrap(), &secret);
        prop_assert_eq!(format!("{secret:?} {string:?}"), "Secret(redacted) SecretString(redacted)");
    }

    #[test]
    fn secrets_are_equal_when_their_bytes_are(left: [u8; 32], place in 0usize..32, flip in 1u8..) {
        let mut right = left;
        right[place] ^= flip;
        prop_assert_eq!(Secret::from_bytes(left), Secret::from_bytes(left));
        prop_assert_ne!(Secret::from_bytes(left), Secret::from_bytes(right));
    }

    #[test]
    fn channels_survive(packed: u64, direction in 0u8..2) {
        let id = ShortChannelId::from_u64(packed);
        through_both(&id);
        prop_assert_eq!(ShortChannelId::from_parts(id.block(), id.tx_index(), id.output()), Some(id));
        through_both(&ShortChannelIdDir::new(id, direction).unwrap());
    }

    #[test]
    fn feerates_survive(rate: u32, name in "[a-z][a-z_]{0,20}") {
        for feerate in [Feerate::PerKw(rate), Feerate::PerKb(rate), Feerate::Blocks(rate), name.parse().unwrap()] {
            through_both(&feerate);
        }
    }

    #[test]
    fn currencies_survive(digits in "[0-9]{1,30}(\\.[0-9]{1,12})?", code in "[A-Z]{3}") {
        let amount = CurrencyAmount::new(&digits, &code).unwrap();
        prop_assert_eq!((amount.amount(), amount.code()), (digits.as_str(), code.as_str()));
        through_both(&amount);
    }

    #[test]
    fn outputs_survive(outputs in btree_map("[a-z0-9]{1,20}", option::of(any::<u64>()), 0..5)) {
        let amount = |sat: Option<u64>| sat.map_or(SatOrAll::All, |sat| Amount::from_sat(sat).into());
        let outputs = outputs.into_iter().fold(OutputDesc::new(), |all, (address, sat)| all.with(address, amount(sat)));
        through_json(&outputs);
    }

    #[test]
    fn versions_survive(major: u16, minor: u16, patch: u16) {
        through_text(&Version::new(major, minor, patch));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in texts()) {
        never_panics::<Msat>(&text);
        never_panics::<MsatOrAny>(&text);
        never_panics::<MsatOrAll>(&text);
        never_panics::<SatOrAll>(&text);
        never_panics::<CurrencyAmount>(&text);
        never_panics::<Feerate>(&text);
        never_panics::<Hash32>(&text);
        never_panics::<HexBytes>(&text);
        never_panics::<NodeId>(&text);
        never_panics::<ShortChannelId>(&text);
        never_panics::<ShortChannelIdDir>(&text);
        let _ = text.parse::<Secret>();
        if let Ok(version) = text.parse::<Version>() {
            through_text(&version);
        }
    }

    #[test]
    fn a_floating_point_number_is_never_money(number: f64) {
        let json = serde_json::to_string(&number).unwrap();
        prop_assert!(serde_json::from_str::<Msat>(&json).is_err());
        prop_assert!(serde_json::from_str::<Sat>(&json).is_err());
    }
}
