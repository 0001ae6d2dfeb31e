// Package table reads and writes tables as streams of rows, in bounded memory, and is the only importer of arrow-go and
// parquet-go. In: a file whose extension names its codec (.parquet, .arrow, .jsonl, .ndjson, .json, .csv, .tsv; the text ones also
// with .gz or .zst). Out: rows, or structs whose json tags name the columns.
//
// Promised: the same rows written twice give the same bytes; row group and batch borders depend on the rows alone; a value
// is written exactly or refused (an integer out of range, text that is not UTF-8, a time finer than a microsecond); a
// damaged file gives an error, never a panic. A row that cannot be read, while the next ones can, comes as a *RowError, so
// that the caller may reject it and go on.
//
// Text formats: OpenAs takes the schema as declared; Open decides it over all rows in a first pass, where a column without
// a common type becomes text (Schema.Meta names it under MixedKey). In a JSON file of nothing but lists each is the column "value". A quote
// that never closes, or a JSON array that is cut off, is an error of the file: it takes all rows after it along.
//
// Known limits: structs without fields are refused (arrow-go cannot write them); lists of fixed size are read, not written;
// times are kept in microseconds UTC; decimals and UUIDs are read as their exact text; LZ4 in Parquet is refused (parquet-go
// would read it wrongly); Arrow files are trusted to have an undamaged footer, as those in an artifact are by their digest.
//
// To add a codec, write <ext>.go with an open and a create function and add it to codecs (codec.go, or init as csv.go does).
package table
