// Package stats holds the few statistics that a comparison of two systems on the same questions needs: paired bootstrap
// intervals clustered by document, McNemar's exact test, Holm's adjustment, Wilson's interval and the size of sample that
// a difference needs. Everything is deterministic: randomness comes from a seed through a generator of our own.
package stats
