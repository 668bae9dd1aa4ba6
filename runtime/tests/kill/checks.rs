//! What must be true of the databases, whatever has happened.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::clients::{End, Log};
use super::nodes::{BALANCE, NAMES};

/// What the run was like.
#[derive(Default)]
pub struct Counts {
    paid: usize,
    refused: usize,
    failed: u64,
    returned: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { paid, refused, failed, returned } = self;
        write!(f, "{paid} invoices paid, {refused} refused; {failed} claims failed, {returned} payments went back")
    }
}

/// A payment: its hash, its request, and in msat what was paid.
type Payments = BTreeMap<[u8; 32], ([u8; 32], u64)>;

pub fn check(folder: &Path, log: &Log) -> Counts {
    let ledger = open(&folder.join("ledger.sqlite3"));
    let nodes = NAMES.map(|name| open(&folder.join(name).join("node.sqlite3")));
    let ids = NAMES.map(|name| std::fs::read_to_string(folder.join(name).join("node_id")).unwrap().to_uppercase());

    let all = number(&ledger, "SELECT sum(balance) FROM accounts");
    assert_eq!(all, 2 * BALANCE, "money is neither made nor lost");
    assert_eq!(number(&ledger, "SELECT count(*) FROM payments WHERE state = 'offered'"), 0, "no payment hangs");
    let twice = "SELECT count(*) FROM (SELECT 1 FROM payments JOIN (SELECT ? AS request) ON invreq_id = request
        WHERE state = 'fulfilled' GROUP BY invreq_id HAVING count(*) > 1)";
    for cycle in log.cycles().iter().filter(|cycle| cycle.single_use) {
        let found: u64 = ledger.query_row(twice, [cycle.invreq_id.as_bytes()], |row| row.get(0)).unwrap();
        assert_eq!(found, 0, "request {} was paid twice", cycle.invreq_id);
    }

    for (payer, payee) in [(0, 1), (1, 0)] {
        let names = format!("{} pays {}", NAMES[payer], NAMES[payee]);
        let sql = format!(
            "SELECT payment_hash, invreq_id, amount FROM payments
             WHERE state = 'fulfilled' AND hex(payer) = '{}' AND hex(payee) = '{}'",
            ids[payer].trim(),
            ids[payee].trim()
        );
        let moved = payments(&ledger, &sql);
        let received = payments(
            &nodes[payee],
            "SELECT payment_hash, invreq_id, amount_received FROM invoices WHERE state = 'paid'",
        );
        assert_eq!(received, moved, "{names}: what was received is what has moved");
        let sql = "SELECT payment_hash, invreq_id, 5000 FROM claims WHERE state = 'complete'";
        assert_eq!(payments(&nodes[payer], sql), moved, "{names}: what was paid is what has moved");
        let wrong = "SELECT count(*) FROM invoicerequests AS r WHERE ((status & 4) <> 0) <>
            EXISTS (SELECT 1 FROM claims AS c WHERE c.invreq_id = r.invreq_id AND c.state = 'complete')";
        assert_eq!(number(&nodes[payer], wrong), 0, "{names}: a request is used when it was paid");
        for state in ["unpaid", "accepted"] {
            let sql = format!("SELECT count(*) FROM invoices WHERE state = '{state}'");
            assert_eq!(number(&nodes[payee], &sql), 0, "{names}: every label has come to an end");
        }
    }
    receipts(&nodes, log);

    let ends = log.cycles();
    let ends = ends.iter().flat_map(|cycle| &cycle.invoices);
    let paid = ends.clone().filter(|(_, end)| matches!(end, End::Paid { .. })).count();
    Counts {
        paid,
        refused: ends.count() - paid,
        failed: nodes.iter().map(|node| number(node, "SELECT count(*) FROM claims WHERE state = 'failed'")).sum(),
        returned: number(&ledger, "SELECT count(*) FROM payments WHERE state IN ('failed', 'timed_out')"),
    }
}

/// Every receipt that a client has seen is there, and a refused label has none.
fn receipts(nodes: &[Connection; 2], log: &Log) {
    let sql = "SELECT payment_hash, preimage FROM invoices WHERE label = ? AND state = 'paid'";
    for cycle in log.cycles().iter() {
        let mut receipts = 0;
        for (label, end) in &cycle.invoices {
            let mut found = nodes[cycle.payee].prepare_cached(sql).unwrap();
            let mut found = found.query([label]).unwrap();
            match (end, found.next().unwrap()) {
                (End::Refused, None) => {}
                (End::Refused, Some(_)) => panic!("{label} was refused, and is paid"),
                (End::Paid { .. }, None) => panic!("the receipt of {label} is lost"),
                (End::Paid { payment_hash, preimage }, Some(row)) => {
                    receipts += 1;
                    let stored: [[u8; 32]; 2] = [row.get(0).unwrap(), row.get(1).unwrap()];
                    assert_eq!(stored, [*payment_hash.as_bytes(), *preimage.reveal()], "the receipt of {label}");
                }
            }
        }
        let all = if cycle.single_use { 1 } else { cycle.invoices.len() };
        assert_eq!(
            receipts,
            all,
            "receipts of {:?}",
            cycle.invoices.iter().map(|(label, _)| label).collect::<Vec<_>>()
        );
    }
}

fn open(file: &Path) -> Connection {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok", "{}", file.display());
    let strays = connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert!(!strays, "{}", file.display());
    connection
}

fn number(connection: &Connection, sql: &str) -> u64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn payments(connection: &Connection, sql: &str) -> Payments {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
    rows.map(Result::unwrap).collect()
}
