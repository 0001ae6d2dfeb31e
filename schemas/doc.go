// Package schemas holds the row types that cross stage borders. A type's json tags name the columns of its table (Arrow or
// Parquet), its JSON Lines form and its schema: one truth for all three.
//
// Every row keeps ID, Source, File and Row from ingest to the end, so that lineage can walk from a trained token block back
// to the line it came from. To add a column, add a field; to add a table, add a type here and write it in one stage.
package schemas
