// Package dagu finds, gets, starts and asks Dagu, the scheduler, always as a program of its own: Dagu is GPL-3.0 and is never
// imported. Everything of it stays in the project's folder .dagu: the program (bin/), its configuration with generated
// credentials (config.yaml, mode 0600), and what it records of runs.
//
// Two of its habits shape this package. An exit code of Dagu does not tell how a run ended, so the status it recorded is read
// (status.go). And without a login its server lets any web page start any command, so there is always one, on loopback.
//
// ParseLocal reads the same DAG files for `fettle run -local`, which needs no Dagu.
package dagu
