//! Which nodes a network has, and where.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use cln_primitives::NodeId;

/// The file in a node's folder that says who it is.
const NODE_ID: &str = "node_id";

/// The folder of a network: each node has a folder in it.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// The user whose nodes these are.
    owner: u32,
}

impl Folder {
    /// The network above a node's folder.
    ///
    /// # Errors
    /// When the node's folder cannot be looked at, or is none.
    pub fn above(node: &Path) -> io::Result<Self> {
        let node = fs::canonicalize(node)?;
        let owner = fs::metadata(&node)?.uid();
        let path = node.parent().ok_or_else(|| io::Error::other("a node's folder is within another"))?.to_owned();
        Ok(Folder { path, owner })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says in a node's folder who it is.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn publish(&self, node: &Path, id: NodeId) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(node)?;
        writeln!(file, "{id}")?;
        file.persist(node.join(NODE_ID))?;
        Ok(())
    }

    /// All nodes with their folders. Links and the folders of other users are passed over, as is what says nothing
    /// readable.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn nodes(&self) -> io::Result<Vec<(NodeId, PathBuf)>> {
        let entries = fs::read_dir(&self.path)?.filter_map(Result::ok).map(|entry| entry.path());
        let mut nodes: Vec<_> = entries.filter_map(|path| Some((self.node_id(&path)?, path))).collect();
        nodes.sort();
        Ok(nodes)
    }

    /// The folders of one node: several when somebody has copied one.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn find(&self, id: NodeId) -> io::Result<Vec<PathBuf>> {
        Ok(self.nodes()?.into_iter().filter(|(found, _)| *found == id).map(|(_, path)| path).collect())
    }

    fn node_id(&self, node: &Path) -> Option<NodeId> {
        let folder = fs::symlink_metadata(node).ok()?;
        let path = node.join(NODE_ID);
        if !folder.is_dir() || folder.uid() != self.owner || !fs::symlink_metadata(&path).ok()?.is_file() {
            return None;
        }
        let mut text = String::new();
        File::open(path).ok()?.take(128).read_to_string(&mut text).ok()?;
        text.trim_end().parse().ok()
    }
}
