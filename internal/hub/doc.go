// Package hub brings model directories from Hugging Face and ModelScope, or from mirrors of them.
//
// A revision becomes a commit first, and everything else is asked for by that commit. Each file is checked against the digest
// that the hub itself lists: sha256 for LFS files (all files on ModelScope), git's blob sha1 for small ones; a size alone never
// suffices. Bytes land in `DIR.fettle-part/FILE.part`, which a later pull goes on with: guarded by If-Range, and thrown away when the
// file behind it has changed. Only when every file is there and checked does the folder get its name, with fettle-pull.json
// in it: source, commit, licence, files, digests.
//
// Tokens go to the hosts of the hub's own owner only (origin.go), never along a redirect to others, and show in no message and no file.
//
// To add a hub: implement remote (its listing at a commit, the address of a file) and name it in remoteOf.
package hub
