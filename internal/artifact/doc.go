// Package artifact keeps what the stages make: content-addressed directories under a store.
//
//	<store>/artifacts/<stage>/<key16>/   a finished artifact: its files and manifest.json, written last
//	<store>/work/<key16>/                what a computation needs until it is done: checkpoints and out/, the artifact to be
//	<store>/work/<key16>.lock            flock of whoever computes that key; holds its pid
//	<store>/cache/                       downloads by sha256, the stat cache
//	<store>/runs/<run id>/               events, reports and run.json of each run
//
// A key is the sha256 of canonical JSON over everything that may change the output (Parts). A directory appears under
// artifacts/ by one rename after its files and manifest were fsynced: a crash at any moment leaves a whole artifact or none.
//
// A manifest lists its files as data (a pure function of the key; their digest is the artifact's) or facts (times, machine,
// reports: hashed for Verify, part of no key).
package artifact
