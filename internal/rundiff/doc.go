// Package rundiff compares two trainings: what was set otherwise at any stage before them, their losses step by step and where
// they part, what each source and each conversation cost, and the loss on held-out rows.
//
// In: the artifacts of both, with all they were made from. Out: a Diff, which is JSON, and a page for the terminal.
package rundiff
