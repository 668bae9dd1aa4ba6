//! The node's keys, held against those of Core Lightning's own test nodes, whose seeds are their names.

#![cfg(feature = "node")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use cln_primitives::Secret;
use cln_runtime::bolt12::blinding::own_path_pay;
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::bolt12::{Chain, Invoice, InvoiceRequest, Parsed, RequestBuilder};
use cln_runtime::node::keys::{KeyError, Keys};

fn test_node(number: u8) -> Keys {
    let mut seed = [0; 32];
    seed[..11].copy_from_slice(format!("lightning-{number}").as_bytes());
    Keys::from_seed(&seed, Chain::REGTEST).unwrap()
}

#[test]
fn a_seed_gives_the_node_id_that_core_lightning_gives() {
    let check = |number, id: &str| assert_eq!(test_node(number).node_id().to_string(), id);
    check(1, "0266e4598d1d3c415f572a8488830b60f7e744ed9235eb0b1ba93283b315c03518");
    check(2, "022d223620a359a47ff7f7ac447c85c46c923da53389221a0054c11c1e3ca31d59");
    check(3, "035d2b1192dfba134e10e540875d366ebc8bc353d5aa766b80c090b39c3a5d885d");
}

/// Made by the third test node for a request, and by the second for an offer.
const INVOICES: [&str; 2] = [
    "lni1qqg804wzdsyn8g4mf2yc22k8xvjpjzstwd5k6urvv5s8getnw3gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h8ncc3yg02gqs\
     ykppqgkjyd3q5dv6gllh77kygly9c3kfy0d9xwyjyxsq2nq3c83u5vw4ngycqdwjkyvjm7apxnssu4qgwhfkd67ghs6n6k48v6uqczgt88p6tky9\
     6qmcmtl30xtt7jdakfyhzm8f0gny6f4d2ukx5gurem04z8lfd2wza5qs9pz6wp9vu7cm6n4wmmrz77y4w6z5xv4q93yudkdtkl5zmzdzuawzqqex\
     7gd5v0x0r83pqj82udd542fl4krh50s0dkx47d0hd5wh77g52xxl75ccpkt35mc8n282wslju9ufyys2y8qqqqqqqqqqqqqqqpgqqqqqqqqqqqqp\
     6f9jm7k9yqqqqqq2gpr96l99lfspt25zqnyfgu7hznmt2tzkjdt92d2wc3dsq7keph7w8gudjs46spfzqrlu4gqs9vppqdwjkyvjm7apxnssu4qg\
     whfkd67ghs6n6k48v6uqczgt88p6tky9muzqpze8kk43g0wh4h8qlac5lswwesrvsaxcza2f5j90c2h3ts8yzmn9g4mxqe89fngrqny8nf52xxux\
     ep6548etda8lp876jr0nnxgdkdq",
    "lni1qqgd508mv9rpjg2ec8dr8qcslf2cjq3qqc3xu3s3rg94nj40zfsy866mhu5vxne6tcej5878k2mneuvgjy8ssqgzpg9hx6tdwpkx2gr5v4eh\
     g9qppgtzzq3dygmzpg6e53ll0aavg37gt3rvjg762vufygdqq4xprs0regcat9gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h8ncc\
     3yg02cqsykppqfkyy6q8ry9pchxtuajh456hhcf7dxx733cx76etuv5ftfmfa2ymhgycqgkjyd3q5dv6gllh77kygly9c3kfy0d9xwyjyxsq2nq3\
     c83u5vw4jq6uhkeymz26zx7zgw4gdmw2vj9xqn4hu2sqxhp0pcgt87pf9chyfvqsywtejxjh603kx7am3zaf6d6xuumw30p8zmcdz7r95nn4lr92\
     exk3qqe2x6xqwpdzh2zwq3vnyra8nfc6d7y6hegpkvc7p2nulj7hvhwl5hjfr23wn60mjftqspn7d4ejhrpsr5m2y8qqqqqqqqqqqqqqqpgqqqqq\
     qqqqqqqp6f9jm7k9yqqqqqq2gpr96l9mt2pqxuyr0gqw92h0xz2y2uy5uxss4ujcac5jehj9ay2sxkapr80t5ha65qgykqssytfzxcs2xkdy0lml\
     0tzy0jzugmyj8kjn8zfzrgq9fsgurc72x82e7pqxhl4u29cjluw5s8fwa9wtvh0qytr7vqk0vtndsz07mrrtmjw629m8mnqkjaf43kt889qeq2f7\
     deu6t853lngpzclapt8nj0g528v9ay",
];

fn secret_in(keys: &Keys, invoice: &Invoice<impl cln_runtime::bolt12::State>) -> Option<Secret> {
    keys.read_own_path(invoice.invoice_paths()?.next()?)
}

#[test]
fn a_node_knows_the_paths_that_core_lightning_made_with_its_seed() {
    for text in INVOICES {
        let invoice = Invoice::parse(text, Chain::REGTEST).unwrap().verify().unwrap();
        for keys in [1, 2, 3].map(test_node) {
            let made = keys.node_id() == invoice.payment().node_id;
            let expected = keys.path_secret(PathUse::Invoice, &invoice.payment().payment_hash);
            assert_eq!(secret_in(&keys, &invoice), made.then_some(expected), "{}", keys.node_id());
        }
        assert_eq!(invoice.payment().blinded_pay.into_iter().collect::<Vec<_>>(), [own_path_pay(5)]);
    }
}

fn invoice_for_own_request(keys: &Keys) -> cln_runtime::bolt12::InvoiceBuilder {
    let amount = cln_primitives::Msat::from_msat(5000);
    let request = RequestBuilder::stand_alone(&[1; 16], keys.node_id(), Chain::REGTEST, amount).build().unwrap();
    let request: InvoiceRequest<Parsed> =
        InvoiceRequest::parse(&keys.sign_request(request).unwrap().to_string(), Chain::REGTEST).unwrap();
    let hash = cln_primitives::Hash32::from_bytes([2; 32]);
    request.verify().unwrap().invoice(hash, amount, 1_700_000_000, keys.node_id())
}

#[test]
fn an_invoice_without_a_path_gets_one_to_its_node() {
    let keys = test_node(1);
    let [first, second] =
        [(); 2].map(|()| keys.finish_invoice(invoice_for_own_request(&keys).build().unwrap()).unwrap());
    let expected = keys.path_secret(PathUse::Invoice, &first.payment().payment_hash);
    assert_eq!([secret_in(&keys, &first), secret_in(&keys, &second)], [Some(expected.clone()), Some(expected)]);
    assert_ne!(first.to_string(), second.to_string(), "each path has a key of its own");
    assert_eq!(first.payment().blinded_pay.into_iter().collect::<Vec<_>>(), [own_path_pay(10)]);
}

#[test]
fn the_paths_of_an_invoice_stay_as_they_are() {
    let keys = test_node(1);
    let path = Invoice::parse(INVOICES[0], Chain::REGTEST).unwrap().invoice_paths().unwrap().next().unwrap().into();
    let invoice = invoice_for_own_request(&keys).invoice_paths(&[path]).invoice_blindedpay(&[own_path_pay(7)]);
    let finished = keys.finish_invoice(invoice.build().unwrap()).unwrap();
    assert_eq!(secret_in(&keys, &finished), None);
}

#[test]
fn a_seed_is_made_once_and_only_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hsm_secret");
    let load = || Keys::load_or_create(&path, Chain::REGTEST);
    let made = load().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(load().unwrap().node_id(), made.node_id());
    assert!(format!("{made:?}").ends_with(", .. }"), "{made:?}");
}

#[test]
fn a_file_that_is_no_seed_of_its_owners_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, length, mode| {
        let path = folder.path().join(name);
        fs::write(&path, vec![1; length]).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        Keys::load_or_create(&path, Chain::REGTEST)
    };
    assert!(write("good", 32, 0o400).is_ok());
    assert!(matches!(write("open", 32, 0o640), Err(KeyError::Mode { mode: 0o640, .. })));
    assert!(matches!(write("short", 31, 0o600), Err(KeyError::Length { length: 31, .. })));
    assert!(matches!(write("encrypted", 73, 0o600), Err(KeyError::Length { length: 73, .. })));
    let link = folder.path().join("link");
    symlink(folder.path().join("good"), &link).unwrap();
    assert!(matches!(Keys::load_or_create(&link, Chain::REGTEST), Err(KeyError::NotAFile(_))));
}
