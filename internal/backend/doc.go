// Package backend opens the compute backend that a setting names and says in one line what was opened and why.
//
// Known names: "go" (pure Go, always there), "xla:cpu" and "xla:cuda" (XLA through PJRT, in builds with the tag xla), and "auto",
// the best one that works here. A backend is one file that registers its name, its rank for "auto" and how to open it; "auto"
// tries them in that order and puts the reason of every refusal in its line. Nothing is ever downloaded here: a missing plugin
// is an error that says how to get it (package plugin).
package backend
