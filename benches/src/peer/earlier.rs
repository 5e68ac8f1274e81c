//! An earlier commit of this repository: its peers are measured beside those of today.

use std::path::Path;

use anyhow::{Context, ensure};

use super::Peer;
use crate::artifact::{Artifact, repository};
use crate::machine;

/// The workspace of the peers, which each checkout has.
const PEERS: &str = "benches/peers/Cargo.toml";

/// What the name of an earlier build ends in; what is before that is the name of the peer.
const SUFFIX: &str = "-before";

/// The peers that run wasio. The others are the same in each commit.
const ON_WASIO: [&str; 13] = [
    "wasio",
    "wasio-p2",
    "wasio-p3",
    "wasio-native",
    "task-p1",
    "task-p2",
    "task-p3",
    "tokio-p1",
    "tokio-p2",
    "tokio-p3",
    "hyper-p1",
    "hyper-p2",
    "hyper-p3",
];

/// Another checkout of this repository.
#[derive(Clone, Copy, Debug)]
pub struct Earlier {
    root: &'static Path,
    commit: &'static str,
}

impl Earlier {
    /// The checkout in `folder`.
    ///
    /// # Errors
    /// The folder is not there, has no peers, git does not know it, or it is this checkout.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let absolute = |path: &Path| {
            let found = path.canonicalize();
            found.with_context(|| format!("cannot find {}", path.display()))
        };
        let root = absolute(folder)?;
        ensure!(
            root != absolute(&repository())?,
            "{} is this checkout: name another one (git worktree add makes one)",
            folder.display()
        );
        ensure!(
            root.join(PEERS).is_file(),
            "{} is no checkout of this repository: it has no {PEERS}",
            folder.display()
        );
        let commit = machine::commit(&root)
            .with_context(|| format!("git finds no commit in {}", folder.display()))?;
        // Like all peers, those of this checkout live as long as the program.
        Ok(Self {
            root: Box::leak(root.into_boxed_path()),
            commit: commit.leak(),
        })
    }

    /// The commit that the checkout is at.
    #[must_use]
    pub fn commit(&self) -> &'static str {
        self.commit
    }

    /// `peer` built from this checkout; `None` if that peer does not run wasio.
    #[must_use]
    pub fn build_of(&self, peer: &Peer) -> Option<&'static Peer> {
        if !is_on_wasio(peer) {
            return None;
        }
        let here = |artifact: Artifact| Artifact {
            checkout: Some(self.root),
            ..artifact
        };
        Some(Box::leak(Box::new(Peer {
            name: format!("{}{SUFFIX}", peer.name).leak(),
            about: format!("{}, at commit {}", peer.about, self.commit).leak(),
            server: here(peer.server),
            timers: peer.timers.map(here),
            wake: peer.wake.map(here),
            sources: peer.sources.map(here),
            ..*peer
        })))
    }
}

/// Whether an earlier build of `peer` can differ from today's.
#[must_use]
pub fn is_on_wasio(peer: &Peer) -> bool {
    ON_WASIO.contains(&peer.name)
}

/// The name of the peer that `name` is an earlier build of; `None` if it is none.
#[must_use]
pub fn original(name: &str) -> Option<&str> {
    name.strip_suffix(SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::reference_of;

    fn earlier() -> Earlier {
        Earlier {
            root: Path::new("elsewhere"),
            commit: "39d402e",
        }
    }

    #[test]
    fn all_programs_of_an_earlier_build_come_from_its_checkout() {
        for name in ON_WASIO {
            let peer = Peer::named(name).unwrap();
            let before = earlier().build_of(peer).unwrap();
            assert_eq!(original(before.name), Some(name));
            assert!(before.about.contains("39d402e"), "{}", before.about);
            let programs = [
                Some(before.server),
                before.timers,
                before.wake,
                before.sources,
            ];
            for program in programs.into_iter().flatten() {
                assert_eq!(program.checkout, Some(earlier().root), "{name}");
            }
            assert_eq!(before.timers.is_some(), peer.timers.is_some());
            assert_eq!(reference_of(before.name), reference_of(name));
        }
    }

    #[test]
    fn only_what_runs_wasio_has_an_earlier_build() {
        let mio = Peer::named("mio-p2").unwrap();
        assert!(earlier().build_of(mio).is_none());
        assert_eq!(original("mio-p2"), None);
    }

    #[test]
    fn this_checkout_is_not_an_earlier_one() {
        let error = Earlier::open(&repository()).unwrap_err().to_string();
        assert!(error.contains("is this checkout"), "{error}");
        assert!(Earlier::open(Path::new("no such folder")).is_err());
    }

    #[test]
    fn a_folder_in_a_checkout_is_none() {
        let error = Earlier::open(&repository().join("benches")).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("is no checkout"), "{error}");
    }
}
