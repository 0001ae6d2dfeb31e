// Package report shows what an evaluation found: one HTML page that needs no network and no script, light and dark, printable,
// in English and Chinese, verdicts first; and a short table for the terminal. It decides nothing: verdict does.
package report
