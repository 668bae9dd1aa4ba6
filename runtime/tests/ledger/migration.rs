//! Files of earlier versions.

use cln_runtime::node::ledger::Ledger;
use rusqlite::Connection;

use crate::support::{Scene, keys};

/// All tables, indexes and triggers, without their spaces.
fn schema(connection: &Connection) -> Vec<String> {
    let mut all = connection.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let all = all.query_map([], |row| row.get::<_, String>(0)).unwrap();
    all.map(|sql| sql.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[tokio::test]
async fn a_file_of_version_1_is_read_and_brought_to_the_newest_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("fixtures/version-1.sql")).unwrap();
    let ledger = Ledger::open(&path).unwrap();
    let audit = ledger.audit().await.unwrap();
    assert!(audit.is_balanced(), "{audit:?}");
    assert_eq!(audit.offered.as_msat(), 2_500);
    let balance = ledger.balance(keys(2).node_id()).await.unwrap();
    assert_eq!(balance.map(|balance| balance.as_msat()), Some(11_500));
    assert_eq!(schema(&connection), schema(&Scene::new().await.sql()));
}
