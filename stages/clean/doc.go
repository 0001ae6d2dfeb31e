// Package clean is the second stage: it judges and repairs the rows that ingest read, operator by operator.
//
// In: rows.parquet of ingest. Out: rows.arrow, the same columns in the same order (and `split`, when that operator ran),
// dropped/ with operator, reason and numbers of every row that was removed, rejects/ with what could not be read.
//
// Promised: every input row has exactly one fate; the bytes do not depend on the number of workers; memory is bounded by a
// few chunks of rows and, for the operators that compare rows, by what their comments say.
//
// An operator is its settings: a struct with exported fields, registered under its YAML name in a file of that name. It is
// a Judge (one row at a time, in parallel), a Preparer (a Judge that must first read or compile something) or a Passer (it
// must see other rows). To add one: <name>.go with struct, register and Apply, and <name>_test.go. The conformance test,
// the YAML form, the schema and the counts come by themselves.
package clean
