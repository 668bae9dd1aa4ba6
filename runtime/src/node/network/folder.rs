//! Which nodes a network has, and where.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use cln_primitives::NodeId;

/// The file in a node's folder that says who it is.
const NODE_ID: &str = "node_id";
/// The same for a private node: its id, and that of its neighbour.
const PRIVATE_NODE_ID: &str = "private_node_id";

/// A node of the network.
struct Member {
    id: NodeId,
    path: PathBuf,
    reach: Reach,
}

/// Who may give a node something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    All,
    Only(Option<NodeId>),
}

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
        write(node, NODE_ID, &id.to_string())?;
        remove(node, PRIVATE_NODE_ID)
    }

    /// Says in a node's folder who it is, to nobody but one neighbour and the ledger. Gives that neighbour: the same as the
    /// last time while it is here, else the first of the public nodes; `None` while there is none.
    ///
    /// # Errors
    /// When the file cannot be written, or the network's folder not be listed.
    pub fn hide(&self, node: &Path, id: NodeId) -> io::Result<Option<NodeId>> {
        let before = read(&node.join(PRIVATE_NODE_ID)).and_then(|ids| ids.get(1).copied());
        let public: Vec<_> = self.nodes()?.into_iter().map(|(id, _)| id).filter(|&public| public != id).collect();
        let neighbour = before.filter(|before| public.contains(before)).or(public.first().copied());
        if neighbour.is_none() || neighbour != before {
            let ids: Vec<_> = [Some(id), neighbour].into_iter().flatten().map(|id| id.to_string()).collect();
            write(node, PRIVATE_NODE_ID, &ids.join(" "))?;
        }
        remove(node, NODE_ID)?;
        Ok(neighbour)
    }

    /// All public nodes with their folders. Links and the folders of other users are passed over, as is what says nothing
    /// readable.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn nodes(&self) -> io::Result<Vec<(NodeId, PathBuf)>> {
        let public = |member: Member| (member.reach == Reach::All).then_some((member.id, member.path));
        Ok(self.members()?.into_iter().filter_map(public).collect())
    }

    /// The nodes to which this one may give something, with their folders: the public ones, and the private ones whose
    /// neighbour it is; for a private node its neighbour alone.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn neighbours(&self, own: NodeId) -> io::Result<Vec<(NodeId, PathBuf)>> {
        let members = self.members()?;
        let hidden = members.iter().find_map(|member| match member.reach {
            Reach::Only(neighbour) if member.id == own => Some(neighbour),
            _ => None,
        });
        let reached = |member: &Member| match (hidden, member.reach) {
            (Some(neighbour), _) => neighbour == Some(member.id),
            (None, Reach::All) => true,
            (None, Reach::Only(neighbour)) => neighbour == Some(own),
        };
        let others = members.into_iter().filter(|member| member.id != own && reached(member));
        Ok(others.map(|member| (member.id, member.path)).collect())
    }

    /// The folders of one node, also of a private one: several when somebody has copied one.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn find(&self, id: NodeId) -> io::Result<Vec<PathBuf>> {
        let members = self.members()?.into_iter();
        Ok(members.filter(|member| member.id == id).map(|member| member.path).collect())
    }

    fn members(&self) -> io::Result<Vec<Member>> {
        let entries = fs::read_dir(&self.path)?.filter_map(Result::ok).map(|entry| entry.path());
        let mut members: Vec<_> = entries.filter_map(|path| self.member(path)).collect();
        members.sort_by(|one, other| (one.id, &one.path).cmp(&(other.id, &other.path)));
        Ok(members)
    }

    fn member(&self, path: PathBuf) -> Option<Member> {
        let folder = fs::symlink_metadata(&path).ok()?;
        if !folder.is_dir() || folder.uid() != self.owner {
            return None;
        }
        let (id, reach) = match (read(&path.join(NODE_ID)).as_deref(), read(&path.join(PRIVATE_NODE_ID)).as_deref()) {
            (Some(&[id]), _) => (id, Reach::All),
            (_, Some(&[id])) => (id, Reach::Only(None)),
            (_, Some(&[id, neighbour])) => (id, Reach::Only(Some(neighbour))),
            _ => return None,
        };
        Some(Member { id, path, reach })
    }
}

/// The ids in a file; `None` when it is not such a one.
fn read(path: &Path) -> Option<Vec<NodeId>> {
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(256).read_to_string(&mut text).ok()?;
    text.trim_end().split(' ').map(|id| id.parse().ok()).collect()
}

fn write(node: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(node)?;
    writeln!(file, "{text}")?;
    file.persist(node.join(name))?;
    Ok(())
}

fn remove(node: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(node.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
