//! Every command of an embedded node, called in several ways: what it answers is as the schemas say.

#[path = "support/by_hand.rs"]
mod by_hand;
#[path = "support/network.rs"]
mod network;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use bitcoin::secp256k1::{Keypair, Secp256k1, SecretKey};
use cln_primitives::{Msat, NodeId};
use cln_runtime::bolt12::{Chain, RequestBuilder};
use cln_tests::replay::Checker;
use cln_tests::replay::report::CodeKnown;
use cln_tests::replay::walk::Standing;
use network::{Network, Party};
use serde_json::{Value, json};
use support::{input, root};

const COMMANDS: &str = "check connect createinvoice createinvoicerequest decode delinvoice disableinvoicerequest getinfo \
    help injectonionmessage invoicerequest listchannels listfunds listincoming listinvoicerequests listinvoices listnodes listpays listpeerchannels listpeers \
    listsendpays lnr-request notifications ping sendinvoice stop waitanyinvoice waitinvoice xpay";

/// Commands that are in no release's schemas: their types are all there is to check them by.
const UNRELEASED: [&str; 3] = ["createinvoicerequest", "listincoming", "lnr-request"];

/// An invoice of another kind, from the recorded traffic.
const BOLT11: &str = "lnbcrt10p1p4szmrfsp5u78k4ksffmwj8qd0arg3zmtwkfamukawz5j8286ycss236gdky0spp5jvsen7skj7hcx0ts3gu4fy59ccpkum9d376\
    x0g7cwwu4pw3axw0qdqzvsxqyjw5qcqp2rzjq2vqws08rd56mx9m7meddj0tphkx4zhhmr6ldnvl4wjdmhp95jlycqqqhuqqqqgqqqqqqqqpqq\
    qqqzsqqc9qxpqysgq7e09wx5ma5lqq8ljz3puyhkk5yl5qvggsrg9xpm5yug8c5znvhc3fdkk5tmrx2akeypkpalc0tpm3fwu07fl73qu8hpjv\
    hgwpw4ayxcpl2e8wk";

/// The answers' schemas.
fn schemas() -> BTreeMap<String, jsonschema::Validator> {
    let lowered = cln_codegen::lower(&input(&root().join("schemas"))).unwrap();
    let document = cln_codegen::openrpc(&lowered.api, None, &[]);
    let methods = document["methods"].as_array().unwrap().iter();
    methods
        .map(|method| {
            let mut schema = method["result"]["schema"].clone();
            schema["components"] = document["components"].clone();
            schema["$schema"] = cln_codegen::json_schema::DRAFT.into();
            (method["name"].as_str().unwrap().to_owned(), jsonschema::validator_for(&schema).unwrap())
        })
        .collect()
}

/// What was recorded is as documented: types, schemas, and nothing that they do not name.
fn check_recording(network: &Network) {
    let schemas = schemas();
    let mut answered = BTreeSet::new();
    for line in network.recording().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let method = line["method"].as_str().unwrap();
        if let Some(answer) = line.get("response") {
            answered.insert(method.to_owned());
            if UNRELEASED.contains(&method) {
                continue;
            }
            let valid = schemas[method].validate(answer);
            valid.unwrap_or_else(|error| panic!("{method}: {error} at {}\n{answer}", error.instance_path()));
        }
    }
    let file = network.folder().join("recording.jsonl");
    std::fs::write(&file, network.recording()).unwrap();
    let report = Checker::new().unwrap().replay(&[&file]);
    assert!(report.is_ok(), "{report}");
    let beyond: Vec<_> = report.undocumented.keys().filter(|found| found.standing != Standing::OverlayOnly).collect();
    // Of a status that no invoice has, `delinvoice` says what it was given.
    assert!(beyond.iter().all(|found| found.path == "expected_status"), "{report}");
    // What `check` fails by is the checked command's.
    assert!(report.unlisted_codes.keys().all(|it| it.method == "check" || it.known != CodeKnown::Nowhere), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_as_its_schema_says() {
    let net = Network::start().await;
    let (payer, payee) = (&net.payer, &net.payee);
    the_node_itself(&net).await;
    requests(&net).await;
    let receipt = invoices(&net).await;
    payments(&net, &receipt).await;
    waits(&net, &receipt).await;
    by_hand::peers_and_ways(&net).await;
    by_hand::requests(&net).await;
    by_hand::payments(&net).await;
    deletions(&net).await;
    assert_eq!(net.ok(payee, "stop", json!({})).await, json!({"result": "Shutdown complete"}));
    assert_eq!(net.ok(payer, "stop", json!([])).await, json!({"result": "Shutdown complete"}));
    check_recording(&net);
}

async fn the_node_itself(net: &Network) {
    let (payer, payee) = (&net.payer, &net.payee);
    let info = net.ok(payer, "getinfo", json!({})).await;
    assert_eq!(info, net.ok(payer, "getinfo", json!([])).await);
    assert_eq!((&info["network"], &info["alias"], &info["num_peers"]), (&json!("regtest"), &json!("payer"), &json!(1)));
    assert!(info["warning_bitcoind_sync"].as_str().unwrap().contains("simulated"));
    assert_eq!(info.get("warning_lightningd_sync"), None);
    let funds = net.ok(payer, "listfunds", json!({"spent": true})).await;
    assert_eq!(funds["channels"][0]["our_amount_msat"], 1_000_000_000);
    assert_eq!(net.ok(payee, "listfunds", json!([])).await["channels"][0]["our_amount_msat"], 0);

    let peers = net.ok(payer, "listpeers", json!({})).await;
    let id = payee.node.node().node_id().to_string();
    assert_eq!((&peers["peers"][0]["id"], &peers["peers"][0]["connected"]), (&json!(id), &json!(true)));
    assert_eq!(net.ok(payer, "listpeers", json!([id, "debug"])).await, peers);
    assert_eq!(net.ok(payer, "listpeers", json!({"id": info["id"]})).await, json!({"peers": []}));
    assert_eq!(net.ok(payer, "ping", json!({"id": id})).await, json!({"totlen": 132}));
    assert_eq!(net.ok(payer, "ping", json!([id, 0, 65535])).await, json!({"totlen": 0}));
    net.fails(payer, "ping", json!([info["id"]]), -1, "does not run in this network").await;
    net.fails(payer, "ping", json!({"id": id, "len": 65535}), -32602, "len: ").await;

    assert_eq!(net.ok(payer, "notifications", json!({"enable": true})).await, json!({}));
    net.fails(payer, "nosuch", json!({}), -32601, "no command `nosuch`").await;
    let help = net.ok(payer, "help", json!({})).await;
    let told: Vec<&str> = help["help"].as_array().unwrap().iter().map(|it| it["command"].as_str().unwrap()).collect();
    let names: Vec<&str> = told.iter().map(|it| it.split(' ').next().unwrap()).collect();
    assert_eq!(names.join(" "), COMMANDS);
    let usage = "sendinvoice invreq label [amount_msat] [timeout]";
    assert_eq!(net.ok(payer, "help", json!(["sendinvoice"])).await["help"], json!([{"command": usage}]));
    net.fails(payer, "help", json!({"command": "nosuch"}), -32601, "no command `nosuch`").await;

    for (params, words) in [
        (json!({"bogus": 1}), "there is no parameter `bogus`"),
        (json!([1]), "too many"),
        (json!("x"), "an object or a list"),
    ] {
        net.fails(payer, "getinfo", params, -32602, words).await;
    }
}

async fn requests(net: &Network) {
    let payer = &net.payer;
    let made = net.ok(payer, "invoicerequest", json!(["1sat", "tea", "us", "l-1", 4_000_000_000_u64, false])).await;
    assert_eq!((&made["active"], &made["single_use"], &made["used"]), (&json!(true), &json!(false), &json!(false)));
    assert_eq!(made["label"], "l-1");
    let told = net.ok(payer, "decode", json!({"string": made["bolt12"]})).await;
    assert_eq!((&told["invreq_amount_msat"], &told["offer_issuer"]), (&json!(1000), &json!("us")));
    assert_eq!((&told["valid"], &told["offer_absolute_expiry"]), (&json!(true), &json!(4_000_000_000_u64)));
    for more in [
        json!({"amount": "0.00000001btc", "description": "☃ \"\\"}),
        json!({"amount": 0, "description": "nothing"}),
        json!({"amount": "5msat"}),
        json!({"amount": "5", "description": "", "absolute_expiry": 1, "single_use": true}),
    ] {
        net.ok(payer, "invoicerequest", more).await;
    }
    for (params, words) in [
        (json!({}), "`amount` is missing"),
        (json!({"amount": "any"}), "amount: must be"),
        (json!({"amount": "1msatfoo"}), "amount: must be"),
        (json!({"amount": 1.5}), "amount: must be"),
        (json!({"amount": 5, "description": 33}), "description: must be a string"),
        (json!({"amount": 5, "description": null}), "description: must be a string"),
        (json!({"amount": 5, "label": 5}), "label: must be a string"),
        (json!({"amount": 5, "single_use": "true"}), "single_use: must be true or false"),
        (json!({"amount": 5, "absolute_expiry": -1}), "absolute_expiry: must be"),
        (json!({"amount": 5, "quantity": 1}), "no parameter `quantity`"),
    ] {
        net.fails(payer, "invoicerequest", params, -32602, words).await;
    }

    let id = &made["invreq_id"];
    let all = net.ok(payer, "listinvoicerequests", json!({})).await;
    assert_eq!(all["invoicerequests"].as_array().unwrap().len(), 5);
    assert_eq!(net.ok(payer, "listinvoicerequests", json!([id])).await, json!({"invoicerequests": [made]}));
    let upper = id.as_str().unwrap().to_uppercase();
    assert_eq!(net.ok(payer, "listinvoicerequests", json!([upper])).await, json!({"invoicerequests": [made]}));
    let unknown = "00".repeat(32);
    let none = json!({"invoicerequests": []});
    assert_eq!(net.ok(payer, "listinvoicerequests", json!({"invreq_id": unknown})).await, none);
    net.fails(payer, "listinvoicerequests", json!({"invreq_id": "00"}), -32602, "invreq_id: must be 64 hex").await;

    let checked = json!({"command_to_check": "disableinvoicerequest"});
    assert_eq!(net.ok(payer, "check", json!(["disableinvoicerequest", id])).await, checked);
    let disabled = net.ok(payer, "disableinvoicerequest", json!({"invreq_id": id})).await;
    assert_eq!((&disabled["active"], &disabled["invreq_id"]), (&json!(false), id));
    net.fails(payer, "check", json!(["disableinvoicerequest", id]), 1001, "not active").await;
    net.fails(payer, "disableinvoicerequest", json!([id]), 1001, "not active").await;
    net.fails(payer, "disableinvoicerequest", json!([unknown]), -1, "unknown invoice_request").await;
    let active = net.ok(payer, "listinvoicerequests", json!({"active_only": true})).await;
    assert_eq!(active["invoicerequests"].as_array().unwrap().len(), 4);

    let asked = json!({"command_to_check": "invoicerequest", "amount": 5, "description": "tea"});
    assert_eq!(net.ok(payer, "check", asked).await, json!({"command_to_check": "invoicerequest"}));
    net.fails(payer, "check", json!(["invoicerequest", "x"]), -32602, "amount: must be").await;
    net.fails(payer, "check", json!({}), -32602, "`command_to_check` is missing").await;
    net.fails(payer, "check", json!(["nosuch"]), -32601, "no command").await;
    net.fails(payer, "check", json!(["help", "nosuch"]), -32601, "no command").await;
    net.fails(payer, "check", json!(["decode", "junk"]), -32602, "string: ").await;
    let both = json!({"command_to_check": "listinvoices", "label": "a", "invstring": "b"});
    net.fails(payer, "check", both, -32602, "only one of").await;
    assert_eq!(net.ok(payer, "listinvoicerequests", json!([])).await["invoicerequests"].as_array().unwrap().len(), 5);
}

/// Gives a paid invoice.
async fn invoices(net: &Network) -> Value {
    let payee = &net.payee;
    let request = net.request(json!({"label": "rent"})).await;
    assert_eq!(
        net.ok(payee, "check", json!({"command_to_check": "sendinvoice", "invreq": request, "label": "a"})).await,
        json!({"command_to_check": "sendinvoice"})
    );
    assert_eq!(net.ok(payee, "listinvoices", json!({})).await, json!({"invoices": []}));
    let paid = net.ok(payee, "sendinvoice", json!({"invreq": request, "label": "a"})).await;
    assert_eq!((&paid["status"], &paid["amount_received_msat"]), (&json!("paid"), &json!(5000)));
    assert_eq!((&paid["label"], &paid["description"], &paid["pay_index"]), (&json!("a"), &json!("tea"), &json!(1)));
    assert_eq!(net.ok(payee, "sendinvoice", json!([request, "a"])).await, paid, "the same receipt");

    let refused = net.fails(payee, "sendinvoice", json!([request, "b"]), 1004, "no longer available").await;
    assert!(refused["error"].as_str().unwrap().contains("no longer available"), "{refused}");
    let other = net.request(json!({})).await;
    let clash = net.fails(payee, "sendinvoice", json!([other, "a"]), 900, "is taken").await;
    assert_eq!(clash, paid);
    let too_much = net.fails(payee, "sendinvoice", json!([other, 5, "5001msat", 60]), 1004, "too large").await;
    assert_eq!((&too_much["erroneous_field"], &too_much["suggested_value"]), (&json!(170), &json!("1388")));
    let too_little = net.fails(payee, "sendinvoice", json!([other, 5, 4999]), 1004, "too small").await;
    assert_eq!(too_little["erroneous_field"], 170);
    let expired = net.request(json!({"absolute_expiry": 1})).await;
    net.fails(payee, "sendinvoice", json!([expired, "e"]), 1002, "expired at 1").await;

    let long = net.request(json!({"description": "x".repeat(70_000)})).await;
    net.fails(payee, "sendinvoice", json!([long, "long"]), -1, "too long for an onion").await;

    let (lni, stranger) = (&paid["bolt12"], request_of(9));
    net.fails(payee, "sendinvoice", json!([stranger, "s"]), 1003, "could not reach the payer").await;
    for (params, words) in [
        (json!({}), "`invreq` is missing"),
        (json!({"invreq": other}), "`label` is missing"),
        (json!({"invreq": other, "label": "x", "quantity": 1}), "no parameter `quantity`"),
        (json!({"invreq": other, "label": {}}), "label: must be"),
        (json!({"invreq": "junk", "label": "x"}), "invreq: "),
        (json!({"invreq": lni, "label": "x"}), "invreq: "),
        (json!({"invreq": format!("{other}q"), "label": "x"}), "invreq: "),
        (json!({"invreq": other, "label": "x", "timeout": 4_294_967_296_u64}), "timeout: must be"),
        (json!({"invreq": other, "label": "x", "amount_msat": "any"}), "amount_msat: must be"),
        (json!({"invreq": other, "label": "x", "amount_msat": u64::MAX}), "more than all bitcoin"),
    ] {
        net.fails(payee, "sendinvoice", params.clone(), -32602, words).await;
        let mut checked = params;
        checked["command_to_check"] = "sendinvoice".into();
        net.fails(payee, "check", checked, -32602, words).await;
    }

    let listed = json!({"invoices": [paid]});
    assert_eq!(net.ok(payee, "listinvoices", json!({})).await, listed, "what was refused is not listed");
    let uri = format!("LIGHTNING:{}", lni.as_str().unwrap().to_uppercase());
    for params in [
        json!({"label": "a"}),
        json!({"invstring": lni}),
        json!({"invstring": uri}),
        json!({"payment_hash": paid["payment_hash"]}),
        json!({"index": "created", "start": 1, "limit": 1}),
        json!([null, null, null, null, "updated"]),
    ] {
        assert_eq!(net.ok(payee, "listinvoices", params).await, listed);
    }
    for params in [
        json!({"label": "no"}),
        json!({"index": "created", "start": 2}),
        json!({"offer_id": "00".repeat(32)}),
        json!({"invstring": BOLT11}),
    ] {
        assert_eq!(net.ok(payee, "listinvoices", params).await, json!({"invoices": []}));
    }
    for (params, words) in [
        (json!({"label": "a", "invstring": lni}), "only one of"),
        (json!({"invstring": "junk"}), "invstring: "),
        (json!({"start": 1}), "start: "),
        (json!({"limit": 1}), "limit: "),
        (json!({"index": "junk"}), "index: must be one of created, updated"),
    ] {
        net.fails(payee, "listinvoices", params, -32602, words).await;
    }
    paid
}

async fn payments(net: &Network, receipt: &Value) {
    let payer = &net.payer;
    // The payer learns of the end a moment after the payee.
    let pays = loop {
        let pays = net.ok(payer, "listpays", json!({"status": "complete"})).await;
        if pays["pays"] != json!([]) {
            break pays;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let pay = &pays["pays"][0];
    assert_eq!((&pay["preimage"], &pay["amount_sent_msat"]), (&receipt["payment_preimage"], &json!(5000)));
    assert_eq!(pay["destination"], json!(net.payee.node.node().node_id()));
    for params in [json!({"bolt11": receipt["bolt12"]}), json!([null, receipt["payment_hash"], "complete"])] {
        assert_eq!(net.ok(payer, "listpays", params.clone()).await, pays);
        let sent = net.ok(payer, "listsendpays", params).await;
        assert_eq!(sent["payments"][0]["payment_preimage"], receipt["payment_preimage"]);
    }
    for none in [json!({"status": "pending"}), json!({"bolt11": BOLT11})] {
        assert_eq!(net.ok(payer, "listpays", none).await, json!({"pays": []}));
    }
    for method in ["listpays", "listsendpays"] {
        net.fails(payer, method, json!({"status": "junk"}), -32602, "status: must be one of").await;
        net.fails(payer, method, json!({"bolt11": "junk"}), -32602, "bolt11: ").await;
        let both = json!({"bolt11": receipt["bolt12"], "payment_hash": receipt["payment_hash"]});
        net.fails(payer, method, both, -32602, "only one of").await;
    }
    let rich = net.request(json!({"amount": "1btc"})).await;
    let failed = net.fails(&net.payee, "sendinvoice", json!([rich, "rich"]), 1004, "pay attempt failed").await;
    assert!(failed["error"].is_string());
    let failed = net.ok(payer, "listpays", json!({"status": "failed"})).await;
    assert_eq!((&failed["pays"][0]["amount_sent_msat"], failed["pays"][0].get("preimage")), (&json!(0), None));
    net.ok(payer, "listsendpays", json!({"status": "failed"})).await;
}

async fn waits(net: &Network, receipt: &Value) {
    let payee = &net.payee;
    assert_eq!(&net.ok(payee, "waitinvoice", json!({"label": "a"})).await, receipt);
    assert_eq!(&net.ok(payee, "waitanyinvoice", json!({})).await, receipt);
    assert_eq!(&net.ok(payee, "waitanyinvoice", json!([0, 5])).await, receipt);
    net.fails(payee, "waitanyinvoice", json!({"lastpay_index": 1, "timeout": 0}), 904, "no invoice was paid").await;
    net.fails(payee, "waitinvoice", json!(["no"]), -1, "no invoice with this label").await;

    let next = tokio::join!(net.ok(payee, "waitanyinvoice", json!([1])), async {
        let request = net.request(json!({"single_use": false})).await;
        net.ok(payee, "sendinvoice", json!([request, 7])).await
    });
    assert_eq!(next.0, next.1);
    assert_eq!(next.0["label"], "7", "a number is a label too");
}

async fn deletions(net: &Network) {
    let payee = &net.payee;
    let odd = net.fails(payee, "delinvoice", json!(["a", "junk"]), 906, "is paid, not junk").await;
    assert_eq!(odd["current_status"], "paid");
    net.fails(payee, "delinvoice", json!(["a", "unpaid"]), 906, "is paid, not unpaid").await;
    net.fails(payee, "delinvoice", json!(["no", "junk"]), 905, "no invoice").await;
    net.fails(payee, "delinvoice", json!(["no", "paid"]), 905, "no invoice").await;
    let stripped = net.ok(payee, "delinvoice", json!({"label": "a", "status": "paid", "desconly": true})).await;
    assert_eq!(stripped.get("description"), None);
    net.fails(payee, "delinvoice", json!(["a", "paid", true]), 908, "description").await;
    net.ok(payee, "delinvoice", json!(["a", "paid"])).await;
    assert_eq!(net.ok(payee, "listinvoices", json!(["a"])).await, json!({"invoices": []}));
}

/// A node that says of each message that it has it, and no more.
fn take_and_say_nothing(folder: &Path, id: &str) {
    std::fs::create_dir(folder).unwrap();
    std::fs::write(folder.join("node_id"), id).unwrap();
    let listener = UnixListener::bind(folder.join("messages")).unwrap();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(b"\0\0\0\x07\"taken\"").unwrap();
            open.push(stream);
        }
    });
}

/// A request of a node that nobody has heard of.
fn request_of(number: u8) -> String {
    let key = Keypair::from_secret_key(&Secp256k1::new(), &SecretKey::from_slice(&[number; 32]).unwrap());
    let payer = NodeId::from(key.public_key());
    let request = RequestBuilder::stand_alone(&[number; 16], payer, Chain::REGTEST, Msat::from_msat(5000));
    request.offer_description("tea").build().unwrap().sign(&key).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_that_nobody_answers_stays_until_it_expires() {
    let net = Network::start().await;
    let payee = &net.payee;
    let request = request_of(9);
    let told = net.ok(payee, "decode", json!([request])).await;
    take_and_say_nothing(&net.folder().join("silent"), told["invreq_payer_id"].as_str().unwrap());

    let sending = net.fails(payee, "sendinvoice", json!([request, "a", null, 2]), 1005, "timeout");
    let waiting = async {
        while net.ok(payee, "listinvoices", json!({})).await == json!({"invoices": []}) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        net.fails(payee, "waitinvoice", json!(["a"]), 903, "expired").await
    };
    let (unanswered, expired) = tokio::join!(sending, waiting);
    assert_eq!(unanswered["invstring"], expired["bolt12"]);
    assert_eq!((&expired["status"], expired.get("payment_preimage")), (&json!("expired"), None));
    assert_eq!(net.ok(payee, "listinvoices", json!({})).await["invoices"], json!([expired]));
    let deleted = net.ok(payee, "delinvoice", json!(["a", "expired"])).await;
    assert_eq!(deleted["bolt12"], expired["bolt12"]);
    check_recording(&net);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parameters_are_those_of_the_schemas() {
    let folder = tempfile::tempdir().unwrap();
    let node = Party::start(folder.path(), "node", "0sat").await;
    let help = node.client.call_raw("help", json!({})).await.unwrap();
    for told in help["help"].as_array().unwrap() {
        let usage = told["command"].as_str().unwrap();
        let (name, params) = usage.split_once(' ').unwrap_or((usage, ""));
        let schema: Value = serde_json::from_str(cln_api::schema(name).unwrap()).unwrap();
        let required = |param: &String| schema["required"].as_array().is_some_and(|it| it.contains(&json!(param)));
        let properties = schema["properties"].as_object().into_iter().flatten();
        let documented: Vec<String> =
            properties.map(|(param, _)| if required(param) { param.clone() } else { format!("[{param}]") }).collect();
        let documented = match name {
            // Where lightningd is other than its schemas, so is the embedded node.
            "invoicerequest" => documented.join(" ").replace("amount description", "amount [description]"),
            "sendinvoice" => documented.join(" ").replace(" [quantity]", ""),
            _ => documented.join(" "),
        };
        assert_eq!(params, documented, "{name}");
    }
}
