// Package archtest holds the house to its plan: who may import whom, how long a file may be, and which settings stay out of
// the artifact keys. It has tests only.
package archtest
