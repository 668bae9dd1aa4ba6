//! What a plugin did that a lightningd does not live with. Tasks find it, the test's own thread tells it.

use std::sync::{Arc, Mutex, PoisonError};

/// Where tasks say it. A clone is the same place.
#[derive(Clone, Debug, Default)]
pub struct Violations(Arc<Mutex<Option<String>>>);

impl Violations {
    /// The first is kept: others may come of it.
    pub fn add(&self, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
    }

    fn first(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// # Panics
    /// When there is one.
    pub fn check(&self) {
        if let Some(what) = self.first() {
            panic!("{what}");
        }
    }
}

/// Dropped, it checks that there are none: no test ends well in spite of one.
#[derive(Debug)]
pub struct CheckedAtEnd(pub Violations);

impl Drop for CheckedAtEnd {
    fn drop(&mut self) {
        match self.0.first() {
            Some(what) if std::thread::panicking() => eprintln!("{what}"),
            Some(what) => panic!("{what}"),
            None => {}
        }
    }
}
