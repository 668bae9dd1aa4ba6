//! No secret in what is logged, printed or shown by `Debug`, at the highest level, but for what was asked for.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::{Keypair, Secp256k1, SecretKey};
use cln_primitives::{Hash32, Msat, Secret};
use cln_runtime::bolt12::secrets::{PathUse, path_base, path_secret, payer_alias_base, payer_alias_key};
use cln_runtime::bolt12::{Chain, InvoiceRequest};
use cln_runtime::client::Client;
use cln_runtime::engine::payment_hash;
use cln_runtime::node::EmbeddedNode;
use cln_runtime::node::store::{Index, InvoiceFilter, Page, PayFilter};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::network::{lnr, read};

/// From Core Lightning's documentation; it opens nothing.
const RUNE: &str = "OSqc7ixY6F-gjcigBfxtzKUI54uzgFSA6YfBQoWGDV89MA==";

/// A secret, and each way in which it could be written.
struct Known {
    name: String,
    forms: Vec<String>,
}

fn known(name: impl Into<String>, secret: &[u8]) -> Known {
    let array = format!("{secret:?}");
    let array = array.trim_matches(['[', ']']).to_owned();
    let compact = array.replace(' ', "");
    let lines = array.replace(", ", ",\n");
    let forms = vec![
        HEXLOWER.encode(secret),
        HEXUPPER.encode(secret),
        BASE64_NOPAD.encode(secret),
        BASE64URL_NOPAD.encode(secret),
        array,
        compact,
        lines,
    ];
    Known { name: name.into(), forms }
}

/// What of this is in a text. Lines of a pretty `Debug` are read without their indentation.
fn found<'k>(text: &str, secrets: &'k [Known]) -> Vec<&'k str> {
    let trimmed = text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let is_in = |form: &String| text.contains(form) || trimmed.contains(form);
    secrets.iter().filter(|secret| secret.forms.iter().any(is_in)).map(|secret| secret.name.as_str()).collect()
}

/// The network, and all that was said in it to nobody who asked for secrets.
struct Scene {
    network: TempDir,
    nodes: Vec<(&'static str, Child)>,
    said: Vec<(String, String)>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        for (_, node) in &mut self.nodes {
            let _ = node.kill().and_then(|()| node.wait());
        }
    }
}

impl Scene {
    fn start(&mut self, name: &'static str) {
        let log = File::options().create(true).append(true).open(self.log(name)).unwrap();
        let folder = self.network.path().join(name);
        let mut node = lnr(&["node", "--dir", folder.to_str().unwrap(), "--balance", "1000sat"]);
        let mut node = node.env("RUST_LOG", "trace").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(node.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready: "), "{line}");
        self.said.push((format!("the start of {name}"), line));
        self.nodes.push((name, node));
    }

    fn kill(&mut self, name: &str) {
        for (_, mut node) in self.nodes.extract_if(.., |(its, _)| *its == name) {
            node.kill().and_then(|()| node.wait()).unwrap();
        }
    }

    fn log(&self, name: &str) -> std::path::PathBuf {
        self.network.path().join(format!("{name}.log"))
    }

    /// Runs the program; only what it logs counts as said. Gives what it prints.
    fn asks(&mut self, name: &str, arguments: &[&str]) -> String {
        let mut command = lnr(arguments);
        command.env("LIGHTNING_DIR", name).env("RUST_LOG", "trace").current_dir(self.network.path());
        let (_, shown, log) = read(command.stdin(Stdio::null()).output().unwrap());
        self.said.push((format!("the log of {name}'s {arguments:?}"), log));
        shown
    }

    /// Runs the program; what it prints is said, too.
    fn runs(&mut self, name: &str, arguments: &[&str]) -> String {
        let shown = self.asks(name, arguments);
        self.said.push((format!("the output of {name}'s {arguments:?}"), shown.clone()));
        shown
    }

    fn json(&mut self, name: &str, arguments: &[&str]) -> Value {
        let shown = self.runs(name, arguments);
        serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{arguments:?}: {error} {shown}"))
    }

    fn request(&mut self, arguments: &[&str]) -> String {
        let answer = self.json("alice", &[&["request", "5sat", "secrets", "--json"], arguments].concat());
        answer["bolt12"].as_str().unwrap().to_owned()
    }
}

/// The key of the node itself, as Core Lightning derives it.
fn node_key(seed: &[u8]) -> Keypair {
    let hmac = |key: &[u8], message: &[u8]| {
        let mut engine = HmacEngine::<sha256::Hash>::new(key);
        engine.input(message);
        Hmac::from_engine(engine).to_byte_array()
    };
    let key = hmac(&hmac(&0_u32.to_le_bytes(), seed), b"nodeid\x01");
    Keypair::from_secret_key(&Secp256k1::new(), &SecretKey::from_slice(&key).unwrap())
}

/// All secrets of the network's files.
fn secrets(network: &Path) -> Vec<Known> {
    let open = |path: &Path| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let blobs = |file: &Connection, sql: &str| -> Vec<[u8; 32]> {
        file.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut all = Vec::new();
    for name in ["alice", "bob"] {
        let seed = fs::read(network.join(name).join("hsm_secret")).unwrap();
        let key = node_key(&seed);
        all.push(known(format!("{name}'s seed"), &seed));
        all.push(known(format!("{name}'s key"), &key.secret_bytes()));
        let aliases = payer_alias_base(&seed);
        all.push(known(format!("{name}'s alias base"), aliases.reveal()));
        let store = open(&network.join(name).join("node.sqlite3"));
        for (purpose, ids) in [
            (PathUse::OfferOrRequest, "SELECT invreq_id FROM invoicerequests"),
            (PathUse::Invoice, "SELECT payment_hash FROM invoices"),
        ] {
            let base = path_base(&seed, purpose);
            all.push(known(format!("{name}'s path base"), base.reveal()));
            for id in blobs(&store, ids) {
                let secret = path_secret(&base, &Hash32::from_bytes(id));
                all.push(known(format!("a path secret of {name}'s"), secret.reveal()));
            }
        }
        for table in ["invoices", "claims", "payments"] {
            for preimage in blobs(&store, &format!("SELECT preimage FROM {table} WHERE preimage IS NOT NULL")) {
                all.push(known(format!("a preimage of {name}'s {table}"), &preimage));
            }
        }
        let mut requests = store.prepare("SELECT bolt12 FROM invoicerequests").unwrap();
        for text in requests.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            let request = InvoiceRequest::parse(&text.unwrap(), Chain::REGTEST).unwrap();
            let metadata = request.invreq_metadata().unwrap();
            if let Some(alias) = payer_alias_key(&aliases, &key, metadata) {
                all.push(known(format!("an alias key of {name}'s"), &alias.secret_bytes()));
            }
        }
    }
    let ledger = open(&network.join("ledger.sqlite3"));
    for preimage in blobs(&ledger, "SELECT preimage FROM payments WHERE preimage IS NOT NULL") {
        all.push(known("a preimage of the ledger", &preimage));
    }
    all
}

/// Requests, payments, refusals, mistakes and a crash.
fn live(scene: &mut Scene, preimage: &str) {
    let first = scene.request(&[]);
    let paid = scene.runs("bob", &["collect", &first, "--label", "first"]);
    assert!(paid.contains("Paid"), "{paid}");
    scene.asks("bob", &["collect", &first, "--label", "first", "--json"]);
    scene.asks("bob", &["collect", &first, "--label", "first", "--show-preimage"]);
    scene.runs("bob", &["collect", &first, "--label", "refused"]);
    scene.runs("bob", &["collect", &first, "--label", "refused again", "--json"]);
    let direct = scene.request(&["--label", "direct"]);
    scene.runs("bob", &["collect", &direct, "--label", "direct", "--direct"]);
    let disabled = scene.request(&[]);
    scene.runs("alice", &["disable", &disabled, "--json"]);
    scene.runs("bob", &["collect", &disabled]);
    for arguments in [["list", "--json"], ["list", "--all"], ["show", &first], ["decode", &first], ["doctor", "--json"]]
    {
        scene.runs("alice", &arguments);
    }
    // These ask for preimages.
    for arguments in [&["listpays"][..], &["listsendpays"], &["listinvoicerequests"]] {
        scene.asks("alice", &[&["call"], arguments].concat());
    }
    for arguments in [&["listinvoices"][..], &["waitinvoice", "label=first"], &["waitanyinvoice", "lastpay_index=0"]] {
        scene.asks("bob", &[&["call"], arguments].concat());
    }

    // An invoice by hand: its preimage is in the command, and must not be in any answer's words.
    let request = InvoiceRequest::parse(&scene.request(&[]), Chain::REGTEST).unwrap().verify().unwrap();
    let id = scene.json("bob", &["call", "getinfo"])["id"].as_str().unwrap().parse().unwrap();
    let secret = Secret::from_bytes(HEXLOWER.decode(preimage.as_bytes()).unwrap().try_into().unwrap());
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let invoice = request.invoice(payment_hash(&secret), Msat::from_msat(5000), now, id).build().unwrap();
    let invstring = format!("invstring={}", invoice.unsigned_text());
    let given = format!("preimage={preimage}");
    let created = scene.json("bob", &["call", "createinvoice", &invstring, "label=by hand", &given]);
    let invoice = created["bolt12"].as_str().unwrap();
    scene.runs("bob", &["call", "createinvoice", &invstring, "label=by hand", &given]);
    scene.runs("bob", &["call", "createinvoice", &invstring, "label=again", &given]);
    scene.runs("bob", &["call", "createinvoice", "invstring=lni1junk", "label=junk", &given]);
    scene.runs("bob", &["call", "createinvoice", &invstring, "label=long", &format!("{given}00")]);
    scene.runs("bob", &["call", "createinvoice", &invstring, "label=odd", &format!("{given}x")]);
    scene.runs("bob", &["decode", invoice]);
    scene.asks("alice", &["call", "xpay", &format!("invstring={invoice}")]);
    scene.runs("alice", &["call", "xpay", &format!("invstring={invoice}")]);

    // Runes are of no use here, and are not repeated.
    scene.asks("alice", &["decode", RUNE]);
    scene.runs("alice", &["call", "checkrune", &format!("rune={RUNE}")]);
    scene.runs("alice", &["call", "nosuch", &format!("rune={RUNE}")]);

    let last = scene.request(&["--label", "last"]);
    scene.kill("bob");
    scene.runs("bob", &["collect", &last, "--label", "last"]);
    scene.start("bob");
    scene.runs("bob", &["collect", &last, "--label", "last"]);
    scene.asks("bob", &["collect", &last, "--label", "last", "--json"]);
}

/// What `Debug` and errors in a program of its own show.
async fn shown(network: &Path, preimage: &str) -> String {
    let bob = EmbeddedNode::start(network.join("bob")).await.unwrap();
    let store = bob.node().store();
    let all = Page { index: Index::Created, start: 0, limit: None };
    let invoices = store.list_invoices(InvoiceFilter::All, all).await.unwrap();
    assert!(!invoices.is_empty());
    let pays = store.list_pays(PayFilter::default(), all).await;
    let client = Client::connect(bob.rpc_path()).await.unwrap();
    let wrong = json!({"invstring": "lni1junk", "label": "l", "preimage": preimage});
    let error = client.call_raw("createinvoice", wrong).await.unwrap_err();
    let wait = client.call(&cln_api::waitinvoice::Request::new("first")).await.unwrap();
    let text = format!(
        "{bob:?} {bob:#?} {:?} {store:?} {invoices:?} {invoices:#?} {pays:?} {wait:?} {error} {error:?} {error:#?}",
        bob.node().keys()
    );
    bob.stop().await;
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_told_to_nobody_who_does_not_ask() {
    let mut scene = Scene { network: tempfile::tempdir().unwrap(), nodes: Vec::new(), said: Vec::new() };
    let preimage = HEXLOWER.encode(&std::array::from_fn::<u8, 32, _>(|at| 0xa0 ^ (at as u8).wrapping_mul(7)));
    scene.start("alice");
    scene.start("bob");
    live(&mut scene, &preimage);
    scene.runs("alice", &["call", "stop"]);
    scene.kill("alice");
    scene.kill("bob");

    let mut secrets = secrets(scene.network.path());
    secrets.push(Known { name: "a rune".to_owned(), forms: vec![RUNE.trim_end_matches('=').to_owned()] });
    let is_known = |name: &str| secrets.iter().filter(|secret| secret.name.starts_with(name)).count();
    assert!(is_known("a preimage of bob's invoices") >= 4 && is_known("a preimage of alice's claims") >= 3);
    assert!(is_known("a preimage of alice's payments") == 1 && is_known("a preimage of the ledger") >= 4);
    assert!(is_known("a path secret of alice's") >= 4 && is_known("a path secret of bob's") >= 4);

    for name in ["alice", "bob"] {
        let log = fs::read_to_string(scene.log(name)).unwrap();
        scene.said.push((format!("the log of {name}"), log));
    }
    let network = scene.network.path().to_owned();
    scene.said.push(("Debug".to_owned(), shown(&network, &preimage).await));
    for words in ["an invoice is not paid", "TRACE", "no longer available", "-32601"] {
        assert!(scene.said.iter().any(|(_, text)| text.contains(words)), "nothing says {words}");
    }
    let told: Vec<_> = scene.said.iter().map(|(what, text)| (what, found(text, &secrets))).collect();
    let told: Vec<_> = told.into_iter().filter(|(_, names)| !names.is_empty()).collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn a_planted_secret_is_found_in_each_form() {
    let secret: [u8; 32] = std::array::from_fn(|at| 200 - at as u8);
    let secrets = [known("planted", &secret)];
    let hex = HEXLOWER.encode(&secret);
    for text in [
        format!("preimage {hex}!"),
        hex.to_uppercase(),
        format!("{secret:?}"),
        format!("{secret:#?}"),
        serde_json::to_string(&secret).unwrap(),
        data_encoding::BASE64.encode(&secret),
        data_encoding::BASE64URL.encode(&secret),
    ] {
        assert_eq!(found(&format!("a log\nsays {text} here"), &secrets), ["planted"], "{text}");
    }
    assert!(found(&hex[1..], &secrets).is_empty());
}
