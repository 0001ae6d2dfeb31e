// Package progress tells people how a stage is doing: a live line on a terminal, a plain line now and then elsewhere, and the
// same as JSON lines in the run's folder, which `fettle run` follows. Machines read the stage's report on stdout instead.
package progress
