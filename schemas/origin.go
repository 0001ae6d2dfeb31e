package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Origin says where a row came from. It is part of every row of every table.
type Origin struct {
	ID     string `json:"id"`     // first 16 hex digits of sha256(source, file, row)
	Source string `json:"source"` // name the pipeline gave the source
	File   string `json:"file"`   // path inside the source, with / on every system
	Row    int64  `json:"row"`    // line (from 1) where the record starts; for Markdown the line of the heading, for Parquet and Arrow the number of the row
}

// NewOrigin fills in the ID, which depends on the three other fields alone.
func NewOrigin(source, file string, row int64) Origin {
	h := sha256.New()
	h.Write([]byte(source))
	h.Write([]byte{0})
	h.Write([]byte(file))
	h.Write([]byte{0})
	h.Write(strconv.AppendInt(nil, row, 10))
	return Origin{ID: hex.EncodeToString(h.Sum(nil)[:8]), Source: source, File: file, Row: row}
}

// Reject is an input that could not become a row.
type Reject struct {
	Origin
	Line   int64  `json:"line"`   // line of the fault in File, 0 when unknown
	Reason string `json:"reason"` // snake_case, counted in the report
	Detail string `json:"detail"` // what was found, and what would be right
	Raw    string `json:"raw"`    // the input itself, cut at 2,000 bytes
}

// Drop is a row that an operator judged and removed.
type Drop struct {
	Origin
	Operator string `json:"operator"`
	Reason   string `json:"reason"`  // snake_case
	Numbers  string `json:"numbers"` // canonical JSON: what was measured and the limit
	Text     string `json:"text"`    // the judged text, cut at 2,000 bytes
}
