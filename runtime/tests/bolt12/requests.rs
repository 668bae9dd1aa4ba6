//! Requests and invoices of Core Lightning, whose roots and ids are known.

use bitcoin::hashes::{Hash, sha256};
use cln_primitives::{Hash32, Msat};
use cln_runtime::bolt12::{Chain, Error, Invoice, InvoiceRequest};

/// A request published on regtest.
pub const SEED: &str = "lnr1qqgteyhfyp40c79a5y3gfe33nxfs6zstwd5k6urvv5s8getnwsfp2cmvd9nksarwd9hxwgr5v4ehggrnw45hge2syqrzymj\
    xzydqkkw24ufxqslttwlj3s608f0rx2slc7etw0833zgs75srnztgqkppqfnwgkvdr57yzh6h92zg3qctvrm7w38djg67kzcm4yeg8vc4cq633uzq99sm\
    fawuu6pz0zh9jl6dl8v25u3kzes975x2j9tr0qp0ux0tlzcxjrgehxh9luz5vwjpk92tys9f9zlm038krcz4uqfxgelwf43tgfc";

#[test]
fn the_seed_is_read() {
    let request = InvoiceRequest::parse(SEED, Chain::REGTEST).unwrap().verify().unwrap();
    let id = "715484ead84bcdae5b33e3015c686fa1bdd4ae9ade3c4729b58257a98cfcd9b5";
    assert_eq!(request.invreq_id().to_string(), id);
    assert_eq!(request.invreq_id_without_paths().to_string(), id);
    assert_eq!(request.offer_description(), Some("simple test"));
    assert_eq!(request.offer_issuer(), Some("clightning test suite"));
    assert_eq!(request.stand_alone_amount(), Ok(Msat::from_msat(10_000_000)));
    assert_eq!(request.invreq_metadata().map(<[u8]>::len), Some(16));
    assert_eq!((request.offer_id(), request.answers_offer(), request.is_expired(u64::MAX)), (None, false, false));
    assert_eq!(request.to_string(), SEED);
}

#[test]
fn a_request_for_another_chain_is_refused() {
    let error = InvoiceRequest::parse(SEED, Chain::BITCOIN).unwrap_err();
    assert_eq!(error, Error::WrongChain { expected: Chain::BITCOIN });
    assert!(error.to_string().contains("not for the chain bitcoin"), "{error}");
}

/// A signed request, and what is known of it.
struct Example {
    text: &'static str,
    root: &'static str,
    id: &'static str,
}

/// Requests that Core Lightning made on regtest.
const EXAMPLES: [Example; 3] = [
    Example {
        text: "lnr1qqgv27pu76evyr7zc4urea4jcg8uyzst2d5k6urvv5s8getnw3gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h\
            8ncc3yg02gps7sjqtqssxwz9sqkjtd8qwnx06lxckvu6g8w8t0ue0zsrfqqygj636s4sw7v67pqwvcxd9ngrvwv4ccd2dc9vtysk\
            uqpl6kskculsxsldq88hahcmyfp4mr3pqeeas9hsywx65c288qjcx5qj2lf73matnke66c2p32e67g",
        root: "89ece30ff816676c99612e0c300cd94c47fd702bf3730b66a4cf06f85721a804",
        id: "3acd9ca593d5a1b735c98afa6efc9ee4b8e5b004a36f416a7003ffa70e0196e4",
    },
    Example {
        text: "lnr1qqgv27pu76evyr7rc4urea4jcg8uxzsk2fjhzat9wd6xjmn8ypnx7u3qd9h8vmmfvdj3yyrrd35kw6r5de5kueeqwd6x7un9\
            2qsqvgnwgcg35z6ee2h3yczraddm72xrfua9uve2rlrm9deu7xyfzr6jqwvfdqzcyypns3vq95jmfcr5en7hek9n8xjpm36mlxtc\
            5q6gqpzyk5w59vrhnxhsgqtn4dvxr7stgwyltx4nal94vmmeeha8gr2neyqyu3024vdy2nef58jpt97d780gtft6yhmhww35qe4u\
            aty5ffmnlgalfj93ycj7qs66",
        root: "4f0f87cb7f22da38127765623d0596ed1b3acb5ace6d0c3427d888dc62e53018",
        id: "bdbaa2fa505fef38702e3c239241cc4ecbca06be87e6034ef9dd849f0a32646c",
    },
    Example {
        text: "lnr1qqgypua5g7rp293k00s66ayvnv26czst2d5k6urvv5s8getnw3gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h\
            8ncc3yg02gps7sjqtqssytfzxcs2xkdy0lml0tzy0jzugmyj8kjn8zfzrgq9fsgurc72x82e7pq947t0ks7a4yejz8w79x4zj25s\
            3pu6zrnw2e0v2ugdescpcqsq307z4p2dlxe92fv7xd43qut0pjkg4y094hupqyhsj8dlhvmmfng6sv",
        root: "0cbcb36a07625e6d3ff9274a20a4b2aa3028c5a504ae158b8e054e9f841785a1",
        id: "93f193cd2432d292f8b64af08942989d71c0a0366fb52d57ddb688c8fb066399",
    },
];

/// An invoice for the last of them, its root, and the preimage that paid it.
const INVOICE: &str = "lni1qqgypua5g7rp293k00s66ayvnv26czst2d5k6urvv5s8getnw3gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h\
    8ncc3yg02gps7sjqtqssytfzxcs2xkdy0lml0tzy0jzugmyj8kjn8zfzrgq9fsgurc72x82e5zvqyehytxx360zptatj4pygsv9k\
    pal8gnkeyd0tpvd6jv5rkv2uqdgcq2s27mvxt0arlnulnmce53cuz00vzaqvgvhpphxgavl89r8zrdhaxqgzpvxkkmwsmxnuwflt\
    tmnpc8vtzwlgd3cfty3xwlnlc9r2gcjesguqqv4xey4m7l4wxem27vxyxfhwznlc62kffsd5xncx9w49m4g72u2y7lcl6a3x5cpu\
    52j6gm8q5x0q8k7myxdzrsqqqqqqqqqqqqqqq5qqqqqqqqqqqqqayjedltzjqqqqqq9yq3n2s38p5cq442pq5qpm4ht26v8statw\
    xcrl65uy26c9hx4dvy66f9x665eqqy90tpz25qc0gfqtqggzvmj9nrga83q474e2sjygxzmq7ln5fmvjxh4skxafx2pmx9wqx5v0\
    qsqfkcrpht0d3nnt8txkcgf5wr6gzrlacls2gyrvj5hhwuu98shurrn6ayruunju7k9yu9clvaj354tr064ruuht88q5dj73kzru\
    20uzj";
const INVOICE_ROOT: &str = "41b4863d4139e6ba5ae3a266a786b5d774864b8b094bad657c9c6151546241e0";
const PREIMAGE: &str = "6f154ed7d108349cb6385eba5f160294ef83862c2c560ba6446b2a3da5c2b3b3";

#[test]
fn roots_and_ids_are_those_of_core_lightning() {
    for Example { text, root, id } in EXAMPLES {
        let request = InvoiceRequest::parse(text, Chain::REGTEST).unwrap().verify().unwrap();
        assert_eq!(request.merkle_root().unwrap().to_string(), root);
        assert_eq!(request.invreq_id().to_string(), id);
    }
}

/// BOLT 12's own: Alice's offer in dollars, requested by Bob.
#[test]
fn the_request_of_bolt_12_has_its_root_and_hash() {
    let text = "lnr1qqyqqqqqqqqqqqqqqcp4256ypqqkgzshgysy6ct5dpjk6ct5d93kzmpq23ex2ct5d9ek293pqthvwfzadd7jejes8q9lhc4r\
        vjxd022zv5l44g6qah82ru5rdpnpjkppqvjx204vgdzgsqpvcp4mldl3plscny0rt707gvpdh6ndydfacz43euzqhrurageg3n7k\
        afgsek6gz3e9w52parv8gs2hlxzk95tzeswywffxlkeyhml0hh46kndmwf4m6xma3tkq2lu04qz3slje2rfthc89vss";
    let request = InvoiceRequest::parse(text, Chain::BITCOIN).unwrap().verify().unwrap();
    let root = "608407c18ad9a94d9ea2bcdbe170b6c20c462a7833a197621c916f78cf18e624";
    assert_eq!(request.merkle_root().unwrap().to_string(), root);
    let hash = "aefe3aa88a69772c246dcaef75ed3e7566c08ecc4e9f995233526a5651fc34cd";
    assert_eq!(request.sighash().unwrap().to_string(), hash);
    assert_eq!((request.offer_currency(), request.offer_amount()), (Some("USD"), Some(100)));
    assert!(matches!(request.stand_alone_amount(), Err(Error::BasedOnOffer(_))));
}

#[test]
fn an_invoice_has_the_id_of_its_request() {
    let invoice = Invoice::parse(INVOICE, Chain::REGTEST).unwrap().verify().unwrap();
    assert_eq!(invoice.merkle_root().unwrap().to_string(), INVOICE_ROOT);
    assert_eq!(invoice.invreq_id().to_string(), EXAMPLES[2].id);
    let preimage: Hash32 = PREIMAGE.parse().unwrap();
    let payment = invoice.payment();
    assert_eq!(payment.payment_hash, sha256::Hash::hash(preimage.as_bytes()).into());
    assert_eq!((payment.paths.len(), payment.blinded_pay.len()), (1, 1));
    assert_eq!((payment.amount, invoice.expires_at()), (Msat::from_msat(1_000_000), Some(1_722_303_803)));
}
