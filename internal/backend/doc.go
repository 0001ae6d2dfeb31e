// Package backend opens the compute backend that a setting names and says in one line what was opened and why.
//
// Known names: "auto" (the best one that works here), "go" (pure Go, always there) and whatever a build tag links in. A
// backend is one file that registers its name, its rank for "auto" and how to open it; "auto" tries them in that order and
// puts the reason of every refusal in its line. Nothing is ever downloaded: a missing plug-in is an error with a hint.
package backend
