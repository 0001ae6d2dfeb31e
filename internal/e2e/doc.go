// Package e2e tests the program from outside, on the miniature project of package mini: that every output is a pure function
// of its key, that a process may be killed at any moment, that concurrent and scheduled runs come to the same bytes. It has
// tests only.
//
// FETTLE_KILLS says how often the torture test kills (50; `make torture`: 1000).
package e2e
