//! Any steps in any order, with restarts between, against a model that is as simple as the rules.

mod payee;
mod payer;

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// How many different requests, payment hashes, labels and payments there are.
const FEW: u8 = 3;

fn check_same(found: impl Debug, expected: impl Debug) -> TestCaseResult {
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    prop_assert_eq!(found, expected);
    Ok(())
}

fn run(test: impl Future<Output = TestCaseResult>) -> TestCaseResult {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}
