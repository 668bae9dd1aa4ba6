//! Files of earlier versions.

use std::path::Path;

use cln_runtime::engine::{
    ClaimState, HtlcSetId, InvoiceState, InvoiceStore as _, RequestStatus, RequestStore as _, SettlementStore as _,
};
use cln_runtime::node::store::Store;
use rusqlite::Connection;

use crate::support::{Scene, hash, preimage, record, signer};

/// All tables, indexes and triggers, without their spaces.
fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut all = connection.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let all = all.query_map([], |row| row.get::<_, String>(0)).unwrap();
    all.map(|sql| sql.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[tokio::test]
async fn a_file_of_version_1_is_read_and_brought_to_the_newest_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sqlite3");
    Connection::open(&path).unwrap().execute_batch(include_str!("fixtures/version-1.sql")).unwrap();
    let store = Store::open(&path, signer()).unwrap();

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
    assert_eq!(schema(&path), schema(&Scene::new().path()));
}
