// Package ingest is the first stage: sources in, one Parquet table out. Every row keeps the source's own typed columns plus
// id, source, file and row (schemas.Origin), in the order the source gives them.
//
// A source is one file of this package: a struct whose fields are its settings, registered by name, with Columns and Read.
// A record that cannot become a row is a *Fault: it is rejected with file, line and reason, and reading goes on. Any other
// error (a missing file, a truncated archive) ends the stage.
package ingest
