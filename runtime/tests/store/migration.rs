//! Files of earlier versions.

use std::path::Path;

use cln_primitives::Msat;
use cln_runtime::bolt12::Chain;
use cln_runtime::engine::{
    ClaimRefusal, ClaimState, Claimed, Creation, Disabling, HtlcSetId, Insertion, InvoiceState, InvoiceStore as _,
    LabelledRequests as _, RequestStatus, RequestStore as _, SettlementStore as _,
};
use cln_runtime::node::store::{Owner, Store};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use crate::support::{AMOUNT, LIMITS, NOW, Scene, claim, hash, keys, new_invoice, preimage, record, signer};

/// All tables, indexes and triggers, without their spaces.
fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut all = connection.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let all = all.query_map([], |row| row.get::<_, String>(0)).unwrap();
    all.map(|sql| sql.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// What stood in the file of an earlier version, with the names of its tables and columns.
fn rows(connection: &Connection, of: &Connection) -> Vec<String> {
    let mut tables = of.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    tables.iter().flat_map(|table| table_rows(connection, of, table)).collect()
}

fn table_rows(connection: &Connection, of: &Connection, table: &str) -> Vec<String> {
    let columns = of.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = columns.column_names();
    let sql = format!("SELECT {} FROM {table} ORDER BY 1", columns.join(", "));
    let mut select = connection.prepare(&sql).unwrap();
    let told = |row: &rusqlite::Row<'_>| {
        let values = (0..columns.len()).map(|at| row.get::<_, Value>(at));
        Ok(format!("{table}: {:?}", values.collect::<Result<Vec<_>, _>>()?))
    };
    select.query_map([], told).unwrap().map(Result::unwrap).collect()
}

/// Opens a file of an earlier version. It is brought to the newest schema, no row of it changes, and it works on.
async fn check(version: u32, file: &str) -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sqlite3");
    Connection::open(&path).unwrap().execute_batch(file).unwrap();
    let old = Connection::open_in_memory().unwrap();
    old.execute_batch(file).unwrap();
    let of: u32 = old.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(of, version);
    let store = Store::open(&path, signer()).unwrap();
    assert_eq!(schema(&path), schema(&Scene::new().path()), "version {version}");
    let kept = rows(&Connection::open(&path).unwrap(), &old);
    assert_eq!(kept, rows(&old, &old), "version {version}");
    assert!(kept.len() >= 10, "version {version}: {kept:?}");
    is_read(&store).await;
    works_on(&store).await;
    drop(store);
    let store = Store::open(&path, signer()).unwrap();
    assert_eq!(store.requests().await.unwrap().len(), 3, "what is written is there after a restart");
    (folder, store)
}

/// What every version's file has.
async fn is_read(store: &Store) {
    let requests = store.requests().await.unwrap();
    let statuses: Vec<RequestStatus> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [RequestStatus::SingleUseUsed, RequestStatus::SingleUse]);
    assert_eq!(requests[1], record(2, true));
    for (number, state) in [(1, ClaimState::Complete(preimage(1))), (2, ClaimState::Failed("no way".to_owned()))] {
        assert_eq!(store.find_claim(hash(number)).await.unwrap().unwrap().state, state);
    }
    for (label, number) in [("unpaid", 10), ("accepted", 11), ("paid", 12)] {
        let record = store.invoice(label).await.unwrap().unwrap();
        assert_eq!(record.payment_hash(), hash(number));
        let as_its_label = match record.state {
            InvoiceState::Unpaid => "unpaid",
            InvoiceState::Accepted => "accepted",
            InvoiceState::Paid(receipt) if (receipt.pay_index, &receipt.preimage) == (1, &preimage(12)) => "paid",
            _ => "something else",
        };
        assert_eq!(as_its_label, label);
    }
    let accepted = store.accepted().await.unwrap();
    let told: Vec<_> = accepted.into_iter().map(|it| (it.id, it.payment_hash, it.preimage)).collect();
    assert_eq!(told, [(HtlcSetId(1), hash(11), preimage(11))]);
}

/// A used request stays used, a failed one may be paid, what was bound is paid, and new rows are numbered on.
async fn works_on(store: &Store) {
    let used = store.claim(&claim(1, 3), LIMITS).await.unwrap();
    assert_eq!(used, Claimed::Refused(ClaimRefusal::Inactive));
    assert_eq!(store.claim(&claim(2, 4), LIMITS).await.unwrap(), Claimed::New);
    let paid = store.settle_claim(hash(4), ClaimState::Complete(preimage(4))).await.unwrap().unwrap();
    assert_eq!(paid.state, ClaimState::Complete(preimage(4)));
    assert!(store.insert_request(&record(3, false)).await.unwrap());
    let disabled = store.disable_request(record(3, false).invreq_id).await.unwrap();
    assert!(matches!(disabled, Disabling::Done(_)));
    let receipt = store.mark_paid(hash(11), HtlcSetId(1), AMOUNT, NOW).await.unwrap();
    assert_eq!(receipt.pay_index, 2, "after the one that was paid");
    let Creation::Created(made) = store.create_invoice(new_invoice("new", 1, 13)).await.unwrap() else { panic!() };
    assert_eq!(made.created_index, 4);
}

#[tokio::test]
async fn a_file_of_version_1_is_read_and_brought_to_the_newest_schema() {
    let (_folder, store) = check(1, include_str!("fixtures/version-1.sql")).await;
    assert_eq!(store.owner(owner(1)).await.unwrap(), owner(1), "it had no owner");
    assert!(!store.paused().await.unwrap());
}

#[tokio::test]
async fn a_file_of_version_2_keeps_its_owner() {
    let (_folder, store) = check(2, include_str!("fixtures/version-2.sql")).await;
    assert_eq!(store.owner(owner(1)).await.unwrap(), owner(2));
    assert!(store.labelled("once").await.unwrap().is_none());
    assert_eq!(store.spent(NOW).await.unwrap(), Msat::ZERO, "nothing was set aside yet");
}

#[tokio::test]
async fn a_file_of_version_3_keeps_its_labels_budgets_and_settings() {
    let (_folder, store) = check(3, include_str!("fixtures/version-3.sql")).await;
    assert_eq!(store.owner(owner(1)).await.unwrap(), owner(2));
    let labelled = store.labelled("once").await.unwrap().unwrap();
    assert_eq!(labelled.invreq_id, record(2, true).invreq_id);
    let again = store.insert_labelled("once", &record(4, true)).await.unwrap();
    assert!(matches!(again, Insertion::LabelTaken(taken) if taken.invreq_id == labelled.invreq_id));
    // Claim 1 was complete at this time.
    assert_eq!(store.spent(1_795_286_583).await.unwrap(), Msat::from_msat(6000));
    assert!(store.paused().await.unwrap());
    assert_eq!(store.path_base(preimage(6)).await.unwrap(), preimage(5));
}

fn owner(number: u8) -> Owner {
    Owner { node_id: keys(number).node_id(), chain: Chain::REGTEST }
}
