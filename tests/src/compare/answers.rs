//! Results as a node would give them, with the mix of forms that recorded traffic shows.

use std::fmt::Write;
use std::str::FromStr;

use cln_rpc::primitives::PublicKey;

use super::{ENTRIES, STREAMED};

/// The JSON of all results.
pub(super) struct Answers {
    pub(super) getinfo: String,
    pub(super) channels: String,
    invoices: String,
    /// Where in `invoices` the shorter list has its end.
    shorter: usize,
}

impl Answers {
    pub(super) fn new() -> Self {
        let mut random = Random(1);
        let (invoices, shorter) = invoices(&mut random);
        Self { getinfo: GETINFO.to_owned(), channels: channels(&mut random), invoices, shorter }
    }

    /// A list of invoices, in two parts.
    pub(super) fn invoices(&self, limit: Option<u32>) -> [&str; 2] {
        let end = if limit == Some(STREAMED) { self.invoices.len() } else { self.shorter };
        [&self.invoices[..end], "]}"]
    }
}

/// An answer of a node, with an address and a binding.
const GETINFO: &str = concat!(
    r#"{"id":"03addf0a0c936280f4ae358ab8ab94fe54745d698cf5e93ce4e551dab662ebbe59","alias":"node1","color":"03addf","#,
    r#""num_peers":1,"num_pending_channels":0,"num_active_channels":1,"num_inactive_channels":0,"address":[{"type":"#,
    r#""ipv4","address":"127.0.0.1","port":19841}],"binding":[{"type":"ipv4","address":"127.0.0.1","port":19841}],"#,
    r#""version":"v26.06.6","blockheight":112,"network":"regtest","fees_collected_msat":0,"lightning-dir":"#,
    r#""/home/user/.lightning/regtest","our_features":{"init":"800898882a8a59a1","node":"808898882a8a59a1","#,
    r#""channel":"","invoice":"02000002024100"}}"#
);

/// The list without its end, and where it has as many entries as the shorter list.
fn invoices(random: &mut Random) -> (String, usize) {
    let mut json = String::from(r#"{"invoices":["#);
    let mut shorter = 0;
    for index in 1..=STREAMED {
        if index > 1 {
            json.push(',');
        }
        invoice(&mut json, index, random);
        if index == ENTRIES {
            shorter = json.len();
        }
    }
    (json, shorter)
}

/// Of ten invoices, six are paid, one of them with BOLT 12; two have expired and two can be paid.
fn invoice(json: &mut String, index: u32, random: &mut Random) {
    let (kind, amount) = (index % 10, 1000 * u64::from(index % 5000 + 1));
    let time = 1_795_253_000 + u64::from(index);
    let bolt12 = kind == 0;
    let label = if bolt12 { format!("{}-{}-0", random.hex(32), random.hex(33)) } else { format!("order-{index}") };
    // Writing to a text cannot fail.
    let _ = match bolt12 {
        true => write!(json, r#"{{"label":"{label}","bolt12":"lni1{}","#, random.bech32(840)),
        false => write!(json, r#"{{"label":"{label}","bolt11":"lnbc{amount}n1{}","#, random.bech32(300)),
    };
    let _ = write!(json, r#""payment_hash":"{}","#, random.hex(32));
    if kind != 9 {
        let _ = write!(json, r#""amount_msat":{amount},"#);
    }
    let _ = match kind {
        0..=5 => write!(
            json,
            r#""status":"paid","pay_index":{index},"amount_received_msat":{amount},"paid_at":{time},"payment_preimage":"{}","#,
            random.hex(32)
        ),
        6 | 7 => write!(json, r#""status":"expired","#),
        _ => write!(json, r#""status":"unpaid","#),
    };
    if bolt12 {
        let _ = write!(json, r#""local_offer_id":"{}","invreq_payer_note":"note {index}","#, random.hex(32));
    }
    let description = if kind == 3 { r#"a \"large\" cup\nof coffee"# } else { "coffee, order of a customer" };
    let _ = write!(json, r#""description":"{description}","expires_at":{},"created_index":{index}"#, time + 604_800);
    if kind < 8 {
        let _ = write!(json, r#","updated_index":{index}"#);
    }
    json.push('}');
}

fn channels(random: &mut Random) -> String {
    let nodes: Vec<String> = (0..15_000).map(|_| node_id(random)).collect();
    let mut json = String::from(r#"{"channels":["#);
    for index in 0..ENTRIES {
        if index > 0 {
            json.push(',');
        }
        let (direction, channel) = (index % 2, index / 2);
        let pair = [random.below(nodes.len()), random.below(nodes.len())].map(|at| &nodes[at]);
        let _ = write!(
            json,
            r#"{{"source":"{}","destination":"{}","short_channel_id":"{}x{}x{}","direction":{direction},"public":true,"#,
            pair[0],
            pair[1],
            700_000 + channel,
            channel % 3000,
            channel % 3
        );
        let _ = write!(
            json,
            r#""amount_msat":{},"message_flags":1,"channel_flags":{direction},"active":true,"last_update":{},"#,
            1_000_000_000 + u64::from(channel) * 1000,
            1_795_252_875 + index
        );
        let _ = write!(
            json,
            r#""base_fee_millisatoshi":1000,"fee_per_millionth":{},"delay":80,"htlc_minimum_msat":1000,"#,
            index % 2500
        );
        let _ = write!(json, r#""htlc_maximum_msat":{},"features":""}}"#, 990_000_000 + u64::from(channel) * 990);
    }
    json.push_str("]}");
    json
}

/// A point of the curve: about every second number is one, and `cln-rpc` refuses others.
fn node_id(random: &mut Random) -> String {
    loop {
        let id = format!("02{}", random.hex(32));
        if PublicKey::from_str(&id).is_ok() {
            return id;
        }
    }
}

/// The same numbers in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn hex(&mut self, bytes: usize) -> String {
        self.text(b"0123456789abcdef", 2 * bytes)
    }

    fn bech32(&mut self, length: usize) -> String {
        self.text(b"qpzry9x8gf2tvdw0s3jn54khce6mua7l", length)
    }

    fn text(&mut self, digits: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(digits[self.below(digits.len())])).collect()
    }
}

#[cfg(test)]
mod tests {
    use cln_api::{Command, getinfo, listchannels, listinvoices};
    use cln_rpc::model::responses::{GetinfoResponse, ListchannelsResponse, ListinvoicesResponse};

    use super::*;

    fn check<R: Command>(json: &str) -> R::Response {
        R::decode_response(json.as_bytes()).unwrap()
    }

    #[test]
    fn both_sides_read_the_answers() {
        let answers = Answers::new();
        let invoices = answers.invoices(None).concat();
        assert_eq!(check::<listinvoices::Request>(&invoices).invoices.len(), 100_000);
        assert_eq!(serde_json::from_str::<ListinvoicesResponse>(&invoices).unwrap().invoices.len(), 100_000);
        assert_eq!(check::<listchannels::Request>(&answers.channels).channels.len(), 100_000);
        assert_eq!(serde_json::from_str::<ListchannelsResponse>(&answers.channels).unwrap().channels.len(), 100_000);
        assert_eq!(check::<getinfo::Request>(&answers.getinfo).alias, "node1");
        assert!(serde_json::from_str::<GetinfoResponse>(&answers.getinfo).is_ok());
    }
}
