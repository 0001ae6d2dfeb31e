// Package eval asks the same questions of the base model, the tuned model and each of them with retrieval, and says of each
// claim that is made for tuning whether the answers support it, refute it or leave it open.
//
// In: the questions and the knowledge base of format, the adapters of train. Out: predictions.parquet, scores.parquet and,
// as facts, verdict.json and report.html. Decoding is greedy and the statistics are seeded: the same key gives the same
// bytes, but for what was timed.
//
// To add a metric: one file with a type that has Score and HigherIsBetter, registered under the file's name.
// To add a claim: one file that lists the comparisons it stands on.
package eval
